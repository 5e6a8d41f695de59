// tenfold.hpp stays cheap to compile: none of the heavy headers, not even through another one.
#include <tenfold/tenfold.hpp>

#if defined(_GLIBCXX_CMATH)
#error "tenfold.hpp includes <cmath>"
#endif
#if defined(_GLIBCXX_FUNCTIONAL) || defined(_LIBCPP_FUNCTIONAL)
#error "tenfold.hpp includes <functional>"
#endif
#if defined(_GLIBCXX_IOSTREAM) || defined(_LIBCPP_IOSTREAM)
#error "tenfold.hpp includes <iostream>"
#endif
#if defined(_GLIBCXX_MEMORY) || defined(_LIBCPP_MEMORY)
#error "tenfold.hpp includes <memory>"
#endif
#if defined(_GLIBCXX_THREAD) || defined(_LIBCPP_THREAD)
#error "tenfold.hpp includes <thread>"
#endif
#if defined(_IMMINTRIN_H_INCLUDED) || defined(__IMMINTRIN_H)
#error "tenfold.hpp includes <immintrin.h>"
#endif
