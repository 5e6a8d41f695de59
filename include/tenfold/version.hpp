// The version of the library, for #if and for humans.
#pragma once

#define TENFOLD_VERSION_MAJOR 0
#define TENFOLD_VERSION_MINOR 1
#define TENFOLD_VERSION_PATCH 0

// Everything lives in this inline namespace, so that two versions linked into one program do not mix.
namespace tenfold::inline v0 {}

#include <tenfold/detail/flags.hpp>
