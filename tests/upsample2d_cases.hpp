// What the tests of upsampling and of its gradient have in common.
#pragma once

#include <tenfold/upsample2d.hpp>

namespace tenfold_test {

struct size_case {
  const char* name;
  tenfold::shape input;
  tenfold::hw size;
};

struct scale_case {
  const char* name;
  tenfold::shape input;
  tenfold::scale factor;
};

inline const scale_case scale_cases[] = {
    {"scale_2", {1, 2, 7, 37}, tf::scale(2)},
    {"scale_of_no_integer", {1, 2, 7, 37}, tf::scale(1.37, 2.9)},
    {"scale_that_rounds_down_to_the_same_size", {1, 2, 3, 4}, tf::scale(1.2)},
    {"scale_below_1", {1, 2, 13, 37}, tf::scale(0.3, 0.71)},
};

}  // namespace tenfold_test
