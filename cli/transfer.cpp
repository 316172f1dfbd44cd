#include "cli/transfer.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <poise/error.h>

#include "data/transfer.h"
#include "io/atomic_file.h"
#include "io/file.h"

namespace poise {
namespace {

// One `poise transfer ...`, as given.
struct Request {
  std::string content, style, output, space = "lalphabeta";
  std::string content_mask, style_mask;
  double alpha = 1;
  bool force = false;
};

Image read_image(const std::string& path) {
  constexpr std::uint64_t max_bytes = std::uint64_t{1} << 30;
  FileStream stream(path);
  const std::uint64_t bytes = stream.extent().bytes;
  if (bytes > max_bytes) {
    throw Error(Code::data, fmt::format("[image] {}: expected at most {} bytes, got {}", path, max_bytes, bytes));
  }
  std::vector<std::byte> file(bytes);
  stream.read(file);
  return decode_image(file, path);
}

void transfer(const Request& request) {
  if (!(request.alpha >= 0 && request.alpha <= 1)) {
    throw Error(Code::usage, fmt::format("[transfer] --alpha: expected 0 to 1, got {}", request.alpha));
  }
  TransferOptions options{request.alpha, colour_space_named(request.space), nullptr, nullptr};
  AtomicFile output(request.output, request.force);
  const Image content = read_image(request.content), style = read_image(request.style);
  std::optional<Image> masks[2];
  if (!request.content_mask.empty()) options.content_mask = &masks[0].emplace(read_image(request.content_mask));
  if (!request.style_mask.empty()) options.style_mask = &masks[1].emplace(read_image(request.style_mask));
  Context context;
  output.write(encode_png(transfer(content, style, options, context)));
  output.commit();
}

}  // namespace

void add_transfer(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "transfer", "An image in another's colours, by adaptive instance norm: poise transfer CONTENT STYLE -o OUT.png");
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  command->add_option("CONTENT", request->content, "The image: JPEG, PNG or PNM")->required()->type_name("CONTENT");
  command->add_option("STYLE", request->style, "The image whose colours it gets")->required()->type_name("STYLE");
  command->add_option("-o,--output", request->output, "The output, PNG")->required()->type_name("OUT.png");
  command->add_option("--alpha", request->alpha, "How much: 0 the content, 1 (the default) all of the style")
      ->type_name("A");
  command
      ->add_option("--space", request->space,
                   "Where: rgb, or the decorrelated lalphabeta (the default) of Ruderman and Reinhard")
      ->type_name("rgb|lalphabeta");
  command->add_option("--content-mask", request->content_mask, "Segments of the content: a grey image of its size")
      ->type_name("FILE");
  command->add_option("--style-mask", request->style_mask, "Segments of the style, matched by grey value")
      ->type_name("FILE");
  command->add_flag("--force", request->force, "Replace an output that exists");
  command->callback([request] { transfer(*request); });
}

}  // namespace poise
