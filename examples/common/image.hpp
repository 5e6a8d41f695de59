// PNG in and out. A picture is a tensor (1, 3, H, W) of red, green and blue from 0 to 1.
#pragma once

#include <tenfold/tensor.hpp>

#include <png.h>

#include <algorithm>  // clamp
#include <cmath>      // lround
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace images {

using tenfold::index_t;

namespace detail {

/// libpng's simplified interface, which handles its errors (longjmp) itself and leaves a message.
struct png : png_image {
  png() : png_image{} { version = PNG_IMAGE_VERSION; }
  ~png() { png_image_free(this); }
  png(const png&) = delete;
  png& operator=(const png&) = delete;

  [[noreturn]] void fail(const std::string& path, const std::string& what) const {
    throw std::runtime_error(path + ": " + what + " (" + message + ")");
  }
};

}  // namespace detail

/// Reads a PNG of any kind: grey becomes three equal channels, what is transparent is laid on white, 16 bits are
/// rounded to 8.
inline tenfold::tensor<float> read_png(const std::string& path) {
  constexpr index_t most_pixels = index_t{1} << 26;  // the network's first layer makes 4 GiB of as many
  detail::png png;
  if (!png_image_begin_read_from_file(&png, path.c_str())) png.fail(path, "cannot be read as a PNG picture");
  png.format = PNG_FORMAT_RGB;
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // or 16 bits without a colour space would be taken for linear light
  const index_t height = png.height;
  const index_t width = png.width;
  if (height * width > most_pixels)
    throw std::runtime_error(path + ": the picture has " + std::to_string(width) + "x" + std::to_string(height) +
                             " pixels, and at most " + std::to_string(most_pixels) + " are taken");

  const png_color white{255, 255, 255};
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(3 * height * width));
  if (!png_image_finish_read(&png, &white, bytes.data(), 0, nullptr)) png.fail(path, "damaged PNG picture");

  auto picture = tenfold::tensor<float>::uninitialized({1, 3, height, width});
  for (index_t pixel = 0; pixel < height * width; ++pixel)
    for (index_t channel = 0; channel < 3; ++channel)
      picture.data()[channel * height * width + pixel] =
          static_cast<float>(bytes[static_cast<std::size_t>(3 * pixel + channel)]) / 255;
  return picture;
}

/// The bytes of a PNG file of a picture, with 8 bits a channel; `path` is for the error text.
inline std::string encode_png(const std::string& path, const tenfold::tensor<float>& picture) {
  const index_t height = picture.shape()[2];
  const index_t width = picture.shape()[3];
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(3 * height * width));
  for (index_t pixel = 0; pixel < height * width; ++pixel)
    for (index_t channel = 0; channel < 3; ++channel) {
      const float value = picture.data()[channel * height * width + pixel];
      pixels[static_cast<std::size_t>(3 * pixel + channel)] =
          static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0f, 1.0f)));
    }

  detail::png png;
  png.format = PNG_FORMAT_RGB;
  png.height = static_cast<png_uint_32>(height);
  png.width = static_cast<png_uint_32>(width);
  png_alloc_size_t size = 0;
  if (!png_image_write_get_memory_size(png, size, 0, pixels.data(), 0, nullptr)) png.fail(path, "cannot be encoded");
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&png, bytes.data(), &size, 0, pixels.data(), 0, nullptr))
    png.fail(path, "cannot be encoded");
  bytes.resize(size);
  return bytes;
}

inline void write_png(const std::string& path, const tenfold::tensor<float>& picture) {
  const std::string bytes = encode_png(path, picture);
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
  if (!file) throw std::runtime_error(path + ": cannot be written");
}

}  // namespace images
