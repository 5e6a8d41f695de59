// The one include: every public header but reference.hpp and the opt-in executors (openmp.hpp, tbb.hpp).
#pragma once

#include <tenfold/activation.hpp>
#include <tenfold/batch_norm.hpp>
#include <tenfold/caffe.hpp>
#include <tenfold/cat.hpp>
#include <tenfold/context.hpp>
#include <tenfold/conv2d.hpp>
#include <tenfold/conv_transpose2d.hpp>
#include <tenfold/convert_indices.hpp>
#include <tenfold/error.hpp>
#include <tenfold/gemm.hpp>
#include <tenfold/gradients.hpp>
#include <tenfold/im2col.hpp>
#include <tenfold/isa.hpp>
#include <tenfold/max_pool2d.hpp>
#include <tenfold/max_unpool2d.hpp>
#include <tenfold/onnx.hpp>
#include <tenfold/overlap_count.hpp>
#include <tenfold/pad.hpp>
#include <tenfold/permute.hpp>
#include <tenfold/pixel_shuffle.hpp>
#include <tenfold/prepared.hpp>
#include <tenfold/shape.hpp>
#include <tenfold/tensor.hpp>
#include <tenfold/upsample2d.hpp>
#include <tenfold/version.hpp>
