// <windows.h> without NOMINMAX after some of the standard's headers, which undefine the macros when they come later:
// what the library includes besides must compile with them. (<numeric> and <iterator> do not, nor would <limits>.)
#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <string>

#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))

#include <tenfold/tenfold.hpp>
