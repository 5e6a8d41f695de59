// The version of the library, for #if and for humans. Every macro of the library begins with TENFOLD_; these three are for
// its users, the others may change any day.
#pragma once

#define TENFOLD_VERSION_MAJOR 0
#define TENFOLD_VERSION_MINOR 1
#define TENFOLD_VERSION_PATCH 0

// Everything lives in this inline namespace, so that two versions linked into one program do not mix.
namespace tenfold::inline v0 {}
