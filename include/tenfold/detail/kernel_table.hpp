// A kernel as the loops around it see it: a function pointer and its block shape.
#pragma once

#include <tenfold/context.hpp>

namespace tenfold::inline v0::detail {

template <class T>
struct arithmetic {
  using type = T;
};
template <std::signed_integral T>
struct arithmetic<T> {
  using type = std::make_unsigned_t<T>;
};
/// The type that sums are computed in: the unsigned one for integers, so that they wrap and nothing is undefined.
template <class T>
using arithmetic_t = typename arithmetic<T>::type;

/// What happens to a finished tile before it is stored.
template <class T>
struct gemm_epilogue {
  T alpha = 1;
  const T* bias = nullptr;
  bool accumulate = false;
  bool relu = false;
};

/// Consecutive columns of a panel that are consecutive in memory too.
struct pixel_run {
  index_t begin;   // column of the panel
  index_t length;
  index_t offset;  // from the source's first element
};

/// The kernels of a matrix product on one instruction set; their contracts are in kernels/gemm.inl.hpp and
/// kernels/pack.inl.hpp.
template <class T>
struct gemm_kernels {
  index_t mr;
  index_t nr;
  index_t lanes;  // of one vector: what pack_runs may write behind a panel and read behind a run
  void (*micro)(index_t k, const T* a, const T* b, T* c, index_t ldc, const gemm_epilogue<T>& epilogue);
  void (*pack_gather)(const T* source, const index_t* row, index_t rows, const index_t* column, index_t k,
                      index_t width, T* panel);
  void (*pack_transpose)(const T* source, const index_t* row, index_t rows, index_t k, index_t width, T* panel);
  void (*pack_lines)(const T* source, const index_t* column, index_t k, T* panel);
  void (*pack_contiguous)(const T* source, const index_t* tap, index_t k, T* panel);
  void (*pack_runs)(const T* source, const index_t* tap, index_t k, const pixel_run* runs, index_t count, T* panel);
  void (*copy_line)(const T* source, index_t extent, index_t first, index_t step, index_t count, T* line);
  void (*scatter_runs)(const T* tile, index_t ld, const index_t* row, index_t rows, const pixel_run* runs,
                       index_t count, index_t step, T* out);
};

/// The kernels of one Winograd algorithm on one instruction set; their contracts are in kernels/winograd.inl.hpp.
template <class T>
struct winograd_kernels {
  index_t tile;  // M: a tile has M x M outputs
  index_t mr;
  index_t nr;
  index_t lanes;
  void (*micro)(index_t k, const T* a, const T* b, T* c, index_t ldc, const gemm_epilogue<T>& epilogue);
  void (*micro_narrow)(index_t k, const T* a, const T* b, T* c, index_t ldc, const gemm_epilogue<T>& epilogue);
  void (*copy_line)(const T* source, index_t extent, index_t first, index_t step, index_t count, T* line);
  void (*weights)(const T* w, index_t row_stride, index_t rows, index_t column_stride, index_t tap_step, index_t k,
                  T* packed, index_t plane);
  void (*input_rows)(const T* const* line, index_t count, T* rows, index_t ld);
  void (*input_columns)(const T* rows, index_t ld, index_t width, T* v, index_t plane);
  void (*output_tiles)(const T* m, index_t plane, index_t width, T bias, bool relu, T* y, index_t ld);
  void (*output_rows)(const T* y, index_t ld, index_t rows, index_t columns, T* out, index_t line);

  constexpr index_t side() const { return tile + 2; }  // N: and N x N inputs
  constexpr index_t elements() const { return side() * side(); }
};

inline constexpr index_t most_winograd_side = 6;

inline constexpr index_t most_mr = 14;
inline constexpr index_t most_nr = 128;

}  // namespace tenfold::inline v0::detail
