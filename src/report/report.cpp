#include "report/report.h"

#include <poise/version.h>

#include "report/html.h"
#include "report/sections.h"

namespace poise {
namespace {

constexpr const char* style = R"(
:root{--ink:#1c2530;--paper:#fff;--soft:#5b6877;--rule:#d8dee6;--c0:#2b6cb0;--c1:#c05621;--c2:#2f855a;--c3:#805ad5}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf1;--paper:#12171d;--soft:#9aa7b5;--rule:#323c48;--c0:#63b3ed;
--c1:#f6ad55;--c2:#68d391;--c3:#b794f4}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1100px;margin:2em auto;
padding:0 1em;overflow-wrap:anywhere}
h1{font-size:1.5em}h2{font-size:1.15em;margin:2em 0 .5em;border-bottom:1px solid var(--rule)}
h3{font-size:1em;margin:1em 0 .3em}
table{border-collapse:collapse;font-size:.85em;display:block;overflow-x:auto}
th,td{text-align:left;padding:.2em .8em .2em 0;border-bottom:1px solid var(--rule);vertical-align:top}
.facts th{white-space:nowrap}td.n{font-variant-numeric:tabular-nums;white-space:nowrap}
.numbers th,.numbers td{text-align:right;vertical-align:bottom}
tr[data-channel] th{white-space:nowrap}.numbers th{overflow-wrap:break-word}.numbers th:first-child,.numbers .text{text-align:left}.numbers td.text{min-width:15em}
p.good,p.bad,p.warn{padding:.5em .8em;border-left:5px solid var(--c2);margin:.4em 0}
p.bad{border-color:#c53030;font-weight:600}p.warn{border-color:var(--c1)}
p.note{color:var(--soft);font-size:.9em}
.row{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0}figcaption{font-size:.85em;color:var(--soft)}
.row>figure{flex:1 1 420px;max-width:540px}.row>.sample{flex:none;width:160px;line-height:1.3}img{image-rendering:pixelated;border:1px solid var(--rule)}
svg{max-width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:var(--soft)}
.axis{stroke:var(--soft)}.mark{stroke:var(--c1);stroke-dasharray:4 3}
.s0{fill:var(--c0);fill-opacity:.55}.s1{fill:none;stroke:var(--c1);stroke-width:1.3}
.s2{fill:none;stroke:var(--c2);stroke-width:1.3}.s3{fill:none;stroke:var(--c3);stroke-width:1.3}
.k0{color:var(--c0)}.k1{color:var(--c1)}.k2{color:var(--c2)}.k3{color:var(--c3)}
.t0 text{fill:var(--c0)}.t1 text{fill:var(--c1)}.t2 text{fill:var(--c2)}.t3 text{fill:var(--c3)}
)";

}  // namespace

// A name that is only the split's is not said twice.
std::string title_text(const StatisticsFile& file) {
  const Provenance& p = file.provenance;
  return shortened(p.split && *p.split != p.name ? *p.split + ": " + p.name : p.name, 80);
}

std::string title_html(const StatisticsFile& file) { return name_html(title_text(file)); }

namespace {

std::string head(std::span<const StatisticsFile> files) {
  std::string title;
  for (const StatisticsFile& file : files) title += (title.empty() ? "" : ", ") + title_text(file);
  return std::string("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n") +
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
         "'unsafe-inline'\"/>\n" +
         "<meta name=\"viewport\" content=\"width=device-width\"/>\n<meta name=\"referrer\" "
         "content=\"no-referrer\"/>\n" +
         "<title>Poise: " + escaped(shortened(title, 120)) + "</title>\n<style>" + style + "</style>\n</head>\n";
}

// Without the bytes of pictures.
constexpr std::size_t max_bytes = 295'000;

// What holds as much as there is room for, each list of each file as much.
std::string lists(std::span<const StatisticsFile> files, std::span<const Thumbnails> thumbnails, std::size_t room) {
  const Thumbnails none;
  std::string out;
  const std::size_t each = room / (3 * files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    out += classes_section(files[i], i, each) +
           outliers_section(files[i], i < thumbnails.size() ? thumbnails[i] : none, i, each) +
           failures_section(files[i], i, each);
  }
  return out;
}

}  // namespace

std::string report(std::span<const StatisticsFile> files, std::span<const Thumbnails> thumbnails) {
  std::string page = head(files) + "<body>\n<h1>Statistics of ";
  for (std::size_t i = 0; i < files.size(); ++i) page += (i == 0 ? "" : ", ") + title_html(files[i]);
  page += "</h1>\n" + verdict_section(files) + provenance_section(files) + drift_section(files);
  for (std::size_t i = 0; i < files.size(); ++i) {
    page += channels_section(files[i], i, rows_of(files.size())) + pixels_section(files[i], i);
  }
  page += histograms_section(files) + normalization_section(files[0]) + presets_section(files[0]);
  for (std::size_t i = 0; i < files.size(); ++i) page += sizes_section(files[i], i);
  // Of each list also its headings.
  const std::size_t used = page.size() + files.size() * 2'000;
  page += lists(files, thumbnails, used < max_bytes ? max_bytes - used : 0);
  return page + "<p class=\"note\">Written by Poise " + escaped(version()) + ".</p>\n</body>\n</html>\n";
}

}  // namespace poise
