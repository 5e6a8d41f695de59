// matmul: products of vectors, of matrices, and of batches of matrices.
#pragma once

#include <tenfold/detail/broadcast.hpp>
#include <tenfold/detail/parallel.hpp>
#include <tenfold/gemm.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS {
TENFOLD_BEGIN_STRICT

namespace detail {

/// Products (m, k) (k, n), one for each element of `batch`, which counts in a's matrices, of `a_rows` rows each, and
/// b's.
struct matmul_geometry {
  index_t m = 0, n = 0, k = 0;
  index_t a_rows = 0;
  broadcast_geometry batch;
  index_t batches = 0;
  shape output_shape;
};

/// The dimensions before the last two.
constexpr shape batch_of(const shape& s) {
  return s.size() <= 2 ? shape{} : shape(std::span<const index_t>(s.begin(), s.size() - 2));
}

/// The products of a matrix (rows, terms) with a vector or a matrix; `left` is what the matrix was made of.
constexpr void check_folded_matmul(const shape& left, const shape& b, index_t rows, index_t terms) {
  if (terms == b[0]) return;
  if (b.size() > 1)
    raise({"mm: mat1 and mat2 shapes cannot be multiplied (", rows, "x", terms, " and ", b[0], "x", b[1], ")"});
  if (left.size() > 1) raise({"size mismatch, got input (", rows, "), mat (", rows, "x", terms, "), vec (", b[0], ")"});
  raise({"inconsistent tensor size, expected tensor [", terms, "] and src [", b[0],
         "] to have the same number of elements, but got ", terms, " and ", b[0], " elements respectively"});
}

/// Whether the matrices' sizes fit. A tensor times a matrix or a vector is one matrix in PyTorch, and so is a vector
/// times a tensor where turning that moves no element.
constexpr void check_matmul_terms(const shape& a, const shape& b, const shape& batch) {
  const index_t k = a[a.size() - 1];
  if (b.size() <= 2) return check_folded_matmul(a, b, elements_between(a, 0, a.size() - 1), k);
  const index_t b_rows = b[b.size() - 2], b_columns = b[b.size() - 1];
  if (k == b_rows) return;
  if (a.size() == 1 && (b.elements() == 0 || b_rows == 1))
    check_folded_matmul(b, a, checked_multiply(batch.elements(), b_columns), b_rows);
  raise({"Expected size for first two dimensions of batch2 tensor to be: [", batch.elements(), ", ", k, "] but got: [",
         batch.elements(), ", ", b_rows, "]."});
}

/// Where neighbours of the batch are rows below each other, times one matrix, they are one product.
constexpr void merge_rows(matmul_geometry& g) {
  const index_t last = g.batch.rank - 1, size = g.batch.sizes[last];
  if (g.batch.b[last] != 0 || size == 1) return;
  g.m *= size;
  g.batches /= size;
  g.batch.sizes[last] = 1;
}

/// The checks of matmul in PyTorch's order.
constexpr matmul_geometry check_matmul(const shape& a, const shape& b) {
  check_not_negative(a);
  check_not_negative(b);
  if (a.empty() || b.empty())
    raise({"both arguments to matmul need to be at least 1D, but they are ", a.size(), "D and ", b.size(), "D"});
  const shape batch = broadcast_shape(batch_of(a), batch_of(b));
  check_matmul_terms(a, b, batch);
  matmul_geometry g;
  g.m = g.a_rows = a.size() > 1 ? a[a.size() - 2] : 1;
  g.n = b.size() > 1 ? b[b.size() - 1] : 1;
  g.k = a[a.size() - 1];
  index_t sizes[shape::max_rank] = {};
  std::size_t rank = 0;
  for (const index_t size : batch) sizes[rank++] = size;
  if (a.size() > 1) sizes[rank++] = g.m;
  if (b.size() > 1) sizes[rank++] = g.n;
  g.output_shape = shape(std::span<const index_t>(sizes, rank));
  if (g.output_shape.elements() == 0) return g;
  g.batches = batch.elements();
  g.batch = broadcast_geometry_of(batch_of(a), batch_of(b), batch);
  merge_rows(g);
  return g;
}

/// How the products are shared out: one after the other, each on all threads; or, where there are as many as threads,
/// whole products, by workers that have `bytes` of scratch memory each.
template <class T>
struct matmul_plan {
  bool shares_products = false;
  index_t workers = 1;
  index_t bytes = 0;
  context each;

  matmul_plan(const matmul_geometry& g, const context& ctx) : each(ctx) {
    if (g.batches == 0 || g.k == 0) return;
    shares_products = g.batches >= thread_count(ctx);
    if (shares_products) {
      workers = worker_count(ctx, g.batches);
      each.threads = 1;
      each.parallel_for = {};
    }
    bytes = round_up(gemm_workspace_bytes<T>(g.m, g.n, g.k, each), static_cast<index_t>(alignment));
  }
  index_t all_bytes() const { return workers * bytes; }
};

/// Product t of the batch.
template <class T>
void run_matmul_of(const matmul_geometry& g, index_t t, const T* a, const T* b, T* output, const context& ctx) {
  const index_t one = 1;
  index_t at_a = 0, at_b = 0, rest = t;
  for (index_t d = g.batch.rank - 1; d >= 0; rest /= g.batch.sizes[d--]) {
    at_a += rest % g.batch.sizes[d] * g.batch.a[d];
    at_b += rest % g.batch.sizes[d] * g.batch.b[d];
  }
  gemm(order::row_major, transpose::no, transpose::no, g.m, g.n, g.k, T{1}, a + at_a * g.a_rows * g.k,
       (std::max)(g.k, one), b + at_b * g.k * g.n, (std::max)(g.n, one), T{0}, output + t * g.m * g.n,
       (std::max)(g.n, one), ctx);
}

/// a and b may be null where they have no elements.
template <class T>
void run_matmul(const matmul_geometry& g, const T* a, const T* b, T* output, const context& ctx) {
  if (g.batches == 0) return;
  if (g.k == 0) return fill(output, output + g.batches * g.m * g.n, T{0});
  const matmul_plan<T> plan(g, ctx);
  const scratch_memory memory(ctx, plan.all_bytes());
  const auto product = [&](index_t worker, index_t t) {
    context own = plan.each;
    own.workspace = {};
    if (plan.bytes > 0) own.workspace = {memory.data() + worker * plan.bytes, static_cast<std::size_t>(plan.bytes)};
    run_matmul_of(g, t, a, b, output, own);
  };
  if (plan.shares_products) return parallel_tasks(ctx, g.batches, product);
  for (index_t t = 0; t < g.batches; ++t) product(0, t);
}

}  // namespace detail

/// The shape that matmul gives, or the error that it raises; usable at compile time.
constexpr shape matmul_output_shape(const shape& a, const shape& b) { return detail::check_matmul(a, b).output_shape; }

/// The bytes of workspace that matmul_into needs with this context.
template <tensor_like A, tensor_like B>
index_t matmul_workspace_bytes(const A& a, const B& b, const context& ctx = default_context()) {
  const auto g = detail::check_matmul(detail::const_view(a).shape(), detail::const_view(b).shape());
  return detail::workspace_bytes_for(detail::matmul_plan<element_of<A>>(g, ctx).all_bytes());
}

/// matmul into a tensor of the right shape, which may not overlap the others.
template <tensor_like Output, tensor_like A, tensor_like B>
  requires std::same_as<element_of<Output>, element_of<A>> && std::same_as<element_of<B>, element_of<A>>
void matmul_into(Output&& output, const A& a, const B& b, const context& ctx = default_context()) {
  const auto x = detail::const_view(a);
  const auto y = detail::const_view(b);
  const auto g = detail::check_matmul(x.shape(), y.shape());
  detail::check_output_shape("matmul", "output", g.output_shape, as_view(output).shape());
  detail::run_matmul<element_of<A>>(g, x.data(), y.data(), as_view(output).data(), ctx);
}

/// The product of two tensors, as torch.matmul.
///
///     output[..., i, j] = sum of a[..., i, p] * b[..., p, j] over p
///
/// The dimensions before the last two are broadcast. A vector is a row on the left and a column on the right, and the
/// result has no dimension for that. |error| <= gamma_k sum |a| |b| for sums of k terms; integers are exact and wrap.
///
/// a, b    (..., M, K) or (K); (..., K, N) or (K)
/// returns (..., M, N), without M or N where a or b is a vector
/// throws  tenfold::error in PyTorch's words; every check comes before the first write
/// source  gemm, once for each product of the batch, or for many where they are rows times the same matrix
template <tensor_like A, tensor_like B>
  requires std::same_as<element_of<B>, element_of<A>> tensor<element_of<A>> matmul(
      const A& a, const B& b, const context& ctx = default_context()) {
    auto output = tensor<element_of<A>>::uninitialized(
        detail::check_matmul(detail::const_view(a).shape(), detail::const_view(b).shape()).output_shape);
    matmul_into(output, a, b, ctx);
    return output;
  }

TENFOLD_END_STRICT
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
