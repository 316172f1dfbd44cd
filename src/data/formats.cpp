#include "data/formats.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>
#include <poise/error.h>

#include "data/reader_source.h"
#include "io/cifar.h"
#include "io/idx.h"
#include "io/image.h"
#include "io/npy.h"
#include "io/npz.h"

namespace poise {
namespace {

using Stream = std::unique_ptr<ByteStream>;

// Of Fortran order a block gathers one piece for each value of a sample, so it pays to gather many samples at once.
constexpr std::size_t gathered_block = std::size_t{1} << 25;

OpenedData arrays(std::unique_ptr<DataSource> source) { return {std::move(source), nullptr}; }
OpenedData images(std::unique_ptr<ImageSource> source) { return {nullptr, std::move(source)}; }

OpenedData open_npy(Stream stream, const OpenOptions& options) {
  NpyReader reader(std::move(stream), options.npy);
  const std::size_t block = reader.header().fortran ? gathered_block : ReaderSource<NpyReader>::streamed_block;
  return arrays(std::make_unique<ReaderSource<NpyReader>>("npy", std::move(reader), block));
}

OpenedData open_idx(Stream stream, const OpenOptions&) {
  return arrays(std::make_unique<ReaderSource<IdxReader>>("idx", IdxReader(std::move(stream))));
}

OpenedData open_cifar(Stream stream, const OpenOptions&) {
  const int label_bytes = cifar_label_bytes(stream->name(), stream->extent());
  const char* format = label_bytes == 1 ? "cifar10" : "cifar100";
  return arrays(std::make_unique<ReaderSource<CifarReader>>(format, CifarReader(std::move(stream), label_bytes)));
}

OpenedData open_npz(Stream stream, const OpenOptions& options) {
  Stream member = open_npz_member(stream->name(), options.array);
  return arrays(std::make_unique<ReaderSource<NpyReader>>("npz", NpyReader(std::move(member), options.npy)));
}

OpenedData open_image(Stream s, const OpenOptions& options) {
  return images(open_image_file(s->name(), options.shard));
}
OpenedData open_archive(Stream s, const OpenOptions& options) { return images(open_tar(s->name(), options.shard)); }

bool has(bool (*recognizes)(std::span<const std::byte>) noexcept, ByteStream& stream) {
  return recognizes(stream.peek());
}
bool has_npy(ByteStream& stream) { return has(is_npy, stream); }
bool has_idx(ByteStream& stream) { return has(is_idx, stream); }
bool has_npz(ByteStream& stream) { return has(is_zip, stream); }
bool has_image(ByteStream& stream) { return looks_like_image(stream.name(), stream.peek()); }
bool has_tar(ByteStream& stream) { return has(is_tar, stream); }
bool has_cifar(ByteStream& stream) { return cifar_label_bytes(stream.name(), stream.extent()) > 0; }
// Only archives are compressed so.
bool has_zstd(ByteStream& stream) {
  constexpr std::array magic = {std::byte{0x28}, std::byte{0xb5}, std::byte{0x2f}, std::byte{0xfd}};
  const auto head = stream.peek();
  return head.size() >= magic.size() && std::equal(magic.begin(), magic.end(), head.begin());
}

struct Format {
  bool (*recognizes)(ByteStream& stream);
  OpenedData (*open)(Stream stream, const OpenOptions& options);
};

// A new format is its reader's file and its line here. What has a mark of its own comes after what has none, since the
// first pixels of an image may look like any mark.
constexpr Format formats[] = {
    {has_cifar, open_cifar}, {has_npy, open_npy},     {has_idx, open_idx},      {has_npz, open_npz},
    {has_image, open_image}, {has_tar, open_archive}, {has_zstd, open_archive},
};

std::string hex(std::span<const std::byte> head) {
  std::string out;
  for (const std::byte b : head.first(std::min<std::size_t>(head.size(), 8))) {
    out += fmt::format("{}{:02x}", out.empty() ? "" : " ", std::to_integer<int>(b));
  }
  return out.empty() ? "an empty file" : "bytes " + out;
}

}  // namespace

OpenedData open_data_set(const std::string& path, const OpenOptions& options) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return images(open_folder(path, options.shard));
  Stream stream = open_stream(path);
  for (const Format& format : formats) {
    if (format.recognizes(*stream)) return format.open(std::move(stream), options);
  }
  throw Error(Code::data, fmt::format("[data] {}: expected npy, npz, IDX, CIFAR, an image, tar or a folder, got {}",
                                      path, hex(stream->peek())));
}

std::unique_ptr<DataSource> open_data_source(const std::string& path, const NpyOptions& options) {
  OpenedData data = open_data_set(path, {options, {}, {}});
  if (data.arrays) return std::move(data.arrays);
  throw Error(Code::data, fmt::format("[data] {}: expected an array, got images", path));
}

}  // namespace poise
