#pragma once

// Only what carries POISE_API leaves the shared library; everything else is hidden.
#define POISE_API __attribute__((visibility("default")))
