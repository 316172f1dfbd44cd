#pragma once

// Poise: normalization. Each header stands alone; this one is all of them but mpi.h. What holds everywhere is in
// options.h.

#include <poise/adaptive_instance_norm.h>
#include <poise/batch_norm.h>
#include <poise/batch_renorm.h>
#include <poise/communicator.h>
#include <poise/context.h>
#include <poise/dims.h>
#include <poise/dtype.h>
#include <poise/error.h>
#include <poise/filter_response_norm.h>
#include <poise/ghost_batch_norm.h>
#include <poise/global_response_norm.h>
#include <poise/group_norm.h>
#include <poise/instance_norm.h>
#include <poise/layer_norm.h>
#include <poise/local_response_norm.h>
#include <poise/lp_norm.h>
#include <poise/mean_variance_norm.h>
#include <poise/minmax.h>
#include <poise/options.h>
#include <poise/preset.h>
#include <poise/rms_norm.h>
#include <poise/scaling.h>
#include <poise/spectral_norm.h>
#include <poise/symmetric.h>
#include <poise/sync_batch_norm.h>
#include <poise/technique.h>
#include <poise/tensor.h>
#include <poise/version.h>
#include <poise/weight_norm.h>
#include <poise/weight_standardization.h>
#include <poise/zscore.h>
