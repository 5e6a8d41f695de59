// DeconvNet's layers in caffe's format, written by a function: `deconvnet --print-prototxt`.
#pragma once

#include <tenfold/tensor.hpp>

#include <string>
#include <vector>

namespace deconvnet {

using tenfold::index_t;

namespace detail {

class writer {
 public:
  explicit writer(index_t divisor) : divisor_(divisor) {}

  /// A convolution or a deconvolution of `top`, the batch norm behind it and the ReLU, both in place.
  void convolve(const char* type, const std::string& name, const std::string& norm, const std::string& relu,
                index_t outputs, index_t kernel, index_t pad) {
    text_ += head(name, type, at_, name) + " convolution_param { num_output: " + std::to_string(outputs / divisor_) +
             " pad: " + std::to_string(pad) + " kernel_size: " + std::to_string(kernel) + " } }\n";
    text_ += head(norm, "BN", name, name) + " bn_param { bn_mode: INFERENCE } }\n";
    text_ += head(relu, "RELU", name, name) + " }\n";
    at_ = name;
  }
  void pool(const std::string& number) {
    text_ += head("pool" + number, "POOLING", at_, "pool" + number) + " top: \"pool" + number +
             "_mask\" pooling_param { pool: MAX kernel_size: 2 stride: 2 } }\n";
    at_ = "pool" + number;
  }
  void unpool(const std::string& number, index_t size) {
    text_ += head("unpool" + number, "UNPOOLING", at_, "unpool" + number) + " bottom: \"pool" + number +
             "_mask\" unpooling_param { unpool: MAX kernel_size: 2 stride: 2 unpool_size: " + std::to_string(size) +
             " } }\n";
    at_ = "unpool" + number;
  }
  /// One score for each class and pixel.
  void classify(index_t classes) {
    text_ += head("seg-score-voc", "CONVOLUTION", at_, "seg-score") +
             " convolution_param { num_output: " + std::to_string(classes) + " kernel_size: 1 } }\n";
  }
  const std::string& text() const { return text_; }

 private:
  static std::string head(const std::string& name, const char* type, const std::string& bottom,
                          const std::string& top) {
    return "layers { name: \"" + name + "\" type: " + type + " bottom: \"" + bottom + "\" top: \"" + top + "\"";
  }

  index_t divisor_;
  std::string at_ = "data";
  std::string text_;
};

}  // namespace detail

/// All channels but those of the picture and the classes are divided by `divisor`, which divides 64.
inline std::string write_prototxt(index_t divisor = 1) {
  detail::writer net(divisor);
  const std::vector<std::vector<index_t>> down = {
      {64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}};
  const std::vector<std::vector<index_t>> up = {{64, 64}, {128, 64}, {256, 256, 128}, {512, 512, 256}, {512, 512, 512}};
  const auto numbered = [](std::size_t block, std::size_t i) {
    return std::to_string(block + 1) + "_" + std::to_string(i + 1);
  };
  for (std::size_t block = 0; block < down.size(); ++block) {
    for (std::size_t i = 0; i < down[block].size(); ++i) {
      const std::string n = numbered(block, i);
      net.convolve("CONVOLUTION", "conv" + n, "bn" + n, "relu" + n, down[block][i], 3, 1);
    }
    net.pool(std::to_string(block + 1));
  }
  net.convolve("CONVOLUTION", "fc6", "bnfc6", "relu6", 4096, 7, 0);
  net.convolve("CONVOLUTION", "fc7", "bnfc7", "relu7", 4096, 1, 0);
  net.convolve("DECONVOLUTION", "fc6-deconv", "fc6-deconv-bn", "fc6-deconv-relu", 512, 7, 0);
  for (std::size_t block = up.size(); block-- > 0;) {
    net.unpool(std::to_string(block + 1), index_t{224} >> block);
    for (std::size_t i = 0; i < up[block].size(); ++i) {
      const std::string n = numbered(block, i);
      net.convolve("DECONVOLUTION", "deconv" + n, "debn" + n, "derelu" + n, up[block][i], 3, 1);
    }
  }
  net.classify(21);
  return "input: \"data\" input_dim: 1 input_dim: 3 input_dim: 224 input_dim: 224\n" + net.text();
}

}  // namespace deconvnet
