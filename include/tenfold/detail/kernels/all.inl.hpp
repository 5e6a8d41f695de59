// Every kernel, in the order in which they use each other.
#include <tenfold/detail/kernels/vector.inl.hpp>
#include <tenfold/detail/kernels/lanes.inl.hpp>
#include <tenfold/detail/kernels/epilogue.inl.hpp>
#include <tenfold/detail/kernels/activation_backward.inl.hpp>
#include <tenfold/detail/kernels/gemm.inl.hpp>
#include <tenfold/detail/kernels/pack.inl.hpp>
#include <tenfold/detail/kernels/sum_taps.inl.hpp>
#include <tenfold/detail/kernels/winograd.inl.hpp>
#include <tenfold/detail/kernels/direct.inl.hpp>
#include <tenfold/detail/kernels/streamed.inl.hpp>
#include <tenfold/detail/kernels/unpacked_gemm.inl.hpp>
#include <tenfold/detail/kernels/max_pool2d.inl.hpp>
#include <tenfold/detail/kernels/max_unpool2d.inl.hpp>
#include <tenfold/detail/kernels/upsample2d.inl.hpp>
#include <tenfold/detail/kernels/upsample2d_backward.inl.hpp>
#include <tenfold/detail/kernels/im2col.inl.hpp>
#include <tenfold/detail/kernels/sums.inl.hpp>
