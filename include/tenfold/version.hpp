// The version of the library, for #if and for humans. Every macro of the library begins with TENFOLD_; these three are
// for its users, the others may change any day.
#pragma once

#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 202002L || (defined(__clang__) && __clang_major__ < 13) || \
    (defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 11)
#error "tenfold needs C++20: g++ 11, clang 13 or newer, with -std=c++20 (/std:c++20)"
#include "tenfold needs C++20"  // g++ and clang go on after an #error, and would report all that follows; not after this
#endif

#define TENFOLD_VERSION_MAJOR 0
#define TENFOLD_VERSION_MINOR 1
#define TENFOLD_VERSION_PATCH 0

// Everything lives in this inline namespace, so that two versions linked into one program do not mix.
namespace tenfold::inline v0 {}

#include <tenfold/detail/flags.hpp>
