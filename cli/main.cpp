#include "cli/apply.h"
#include "cli/check.h"
#include "cli/cli.h"
#include "cli/invert.h"
#include "cli/merge.h"
#include "cli/presets.h"
#include "cli/report.h"
#include "cli/show.h"
#include "cli/stats.h"
#include "cli/transfer.h"

int main(int argc, char** argv) {
  CLI::App app{"Normalizes activations, weights and input data.", "poise"};
  poise::add_globals(app);
  poise::add_version(app);
  poise::add_run(app);
  poise::add_list(app);
  poise::add_explain(app);
  poise::add_stats(app);
  poise::add_merge(app);
  poise::add_show(app);
  poise::add_check(app);
  poise::add_report(app);
  poise::add_apply(app);
  poise::add_invert(app);
  poise::add_presets(app);
  poise::add_transfer(app);
  return poise::dispatch(app, argc, argv);
}
