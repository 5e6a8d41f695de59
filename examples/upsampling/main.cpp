// The patterns that upsampling layers draw before they have learnt anything, side by side: README.md.
#include "upsampling.hpp"

#include "common/arguments.hpp"
#include "common/image.hpp"

#include <algorithm>  // min
#include <cstdio>     // printf
#include <functional>
#include <vector>

namespace {

using namespace upsampling;

/// The middle of one colour of a picture.
tf::tensor<float> middle(const tf::tensor<float>& picture, index_t side) {
  const index_t height = picture.shape()[2], width = picture.shape()[3];
  if (height < side || width < side) throw std::runtime_error("the picture is smaller than 48 x 48");
  tf::tensor<float> part({1, 1, side, side});
  for (index_t y = 0; y < side; ++y)
    for (index_t x = 0; x < side; ++x)
      part(0, 0, y, x) = picture(0, 0, (height - side) / 2 + y, (width - side) / 2 + x);
  return part;
}

/// x, grey, as the part of a picture that begins at (top, left).
void paste(tf::tensor<float>& panels, index_t top, index_t left, const tf::tensor<float>& x) {
  for (index_t c = 0; c < 3; ++c)
    for (index_t h = 0; h < x.shape()[2]; ++h)
      for (index_t w = 0; w < x.shape()[3]; ++w) panels(0, c, top + h, left + w) = x(0, 0, h, w);
}

/// overlap_count of a few pixels, as grey from 0 to the most, each pixel enlarged.
tf::tensor<float> counts(index_t kernel, index_t side) {
  const auto count = tf::overlap_count(kernel, {.stride = 2, .padding = 1, .output_padding = kernel % 2}, 12);
  const index_t most = *std::max_element(count.data(), count.data() + count.size());
  tf::tensor<float> grey({1, 1, count.shape()[0], count.shape()[1]});
  for (index_t i = 0; i < grey.size(); ++i)
    grey.data()[i] = static_cast<float>(count.data()[i]) / static_cast<float>(most);
  return tf::upsample_nearest2d(grey, tf::hw{side, side});
}

void draw(const std::string& image, const std::string& out) {
  constexpr index_t small = 48, side = 4 * small, gap = 8;
  const auto x = middle(images::read_png(image), small);
  const std::function<tf::tensor<float>(const tf::tensor<float>&, std::uint32_t)> ways[] = {
      [](const auto& p, std::uint32_t seed) { return transposed(p, 3, seed); },
      [](const auto& p, std::uint32_t seed) { return transposed(p, 4, seed); },
      [](const auto& p, std::uint32_t seed) {
        return sub_pixel(p, untrained({4, 1, 3, 3}, seed, 4));
      },
      [](const auto& p, std::uint32_t seed) {
        return sub_pixel(p, icnr(untrained({1, 1, 3, 3}, seed, 1), 2));
      },
      [](const auto& p, std::uint32_t seed) { return resized(p, seed); },
  };
  const index_t panels = 1 + static_cast<index_t>(std::size(ways));
  auto picture = tf::tensor<float>({1, 3, 2 * side + gap, panels * (side + gap) - gap});
  std::fill(picture.data(), picture.data() + picture.size(), 1.0f);
  paste(picture, 0, 0, tf::upsample_nearest2d(x, tf::scale(4)));
  index_t left = 0;
  for (const auto& way : ways) paste(picture, 0, left += side + gap, way(way(x, 1), 2));
  paste(picture, side + gap, side + gap, counts(3, side));
  paste(picture, side + gap, 2 * (side + gap), counts(4, side));
  images::write_png(out, picture);
  std::printf("written: %s\n", out.c_str());
}

}  // namespace

int main(int count, char** values) try {
  constexpr const char* usage = "usage: upsampling [--image F.png] [--out F.png] [--help]";
  std::string image = TENFOLD_SEGMENT_DATA_DIR "/coins.png", out = "upsampling.png";
  for (arguments::reader line(count, values, usage); line.next();) {
    if (line.option() == "--image") {
      image = line.value();
    } else if (line.option() == "--out") {
      out = line.value();
    } else if (line.option() == "--help") {
      std::printf("%s\n\nEnlarges the middle of a picture four times by layers that have learnt nothing yet.\n", usage);
      return 0;
    } else {
      line.fail_unknown();
    }
  }
  draw(image, out);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "upsampling: %s\n", e.what());
  return 1;
}
