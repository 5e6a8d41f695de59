// The parts of the program: part.cpp, compiled under different flags. Between them go tenfold's own types, which are
// the same for all flags, and nothing of std: its inline functions are shared by files of all flags.
#pragma once

#include <tenfold/tenfold.hpp>

/// Takes what an operation answers: its name and a hash of the bits.
using report = void (*)(const char* operation, std::uint64_t bits);

struct part {
  const char* name;
  /// What the machine must have: "", "fma", "avx2" or "avx512".
  const char* needs;
  bool throws;
  bool (*has_level)(tenfold::isa level);
  /// Calls every operation on that level, or some where that is all the part has.
  void (*operations)(tenfold::isa level, report answer);
  tenfold::tensor<float> (*ramp)(const tenfold::shape& shape);
  float (*sum)(const tenfold::tensor<float>& x);
  tenfold::context (*two_threads)();
  tenfold::prepared_conv2d<float> (*layer)(const tenfold::context& ctx);
  std::uint64_t (*run_layer)(const tenfold::prepared_conv2d<float>& layer, const tenfold::context& ctx);
  /// A call that tenfold refuses: the weight has too many channels.
  void (*refused)();
  /// Whether refused() ends in a tenfold::error of that text, which this part catches.
  bool (*catches)(void (*refused)(), const char* text);
  tenfold::context* (*default_context)();
  tenfold::error_handler (*set_error_handler)(tenfold::error_handler);
};
