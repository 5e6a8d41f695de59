// Segments a photograph: `segment --help`.
#include "coins.hpp"
#include "network.hpp"
#include "options.hpp"
#include "overlay.hpp"

#include "common/image.hpp"
#include "common/layers.hpp"
#include "common/threads.hpp"

#include <algorithm>  // count_if, minmax_element
#include <cstdio>
#include <exception>
#include <new>      // bad_alloc
#include <numeric>  // accumulate
#include <stdexcept>
#include <string>

namespace {

namespace tf = tenfold;
using tf::index_t;

std::string size_text(index_t height, index_t width) { return std::to_string(width) + "x" + std::to_string(height); }

tf::tensor<float> read_picture(const std::string& path) {
  auto picture = images::read_png(path);
  const index_t height = picture.shape()[2];
  const index_t width = picture.shape()[3];
  constexpr index_t least = segment::conv_deconv::smallest;
  if (height < least || width < least)
    throw std::runtime_error(path + ": the picture has " + size_text(height, width) +
                             " pixels, and the network needs at least " + size_text(least, least));
  return picture;
}

struct statistics {
  double least, mean, greatest;
  double coverage;  // the share of the pixels above 1/2, in per cent
};

statistics statistics_of(const tf::tensor<float>& output, index_t channel) {
  const index_t plane = output.shape()[2] * output.shape()[3];
  const float* values = output.data() + channel * plane;
  const auto [least, greatest] = std::minmax_element(values, values + plane);
  const auto above = std::count_if(values, values + plane, [](float value) { return value > 0.5f; });
  const auto share = [&](double sum) { return sum / static_cast<double>(plane); };
  return {*least, share(std::accumulate(values, values + plane, 0.0)), *greatest,
          100 * share(static_cast<double>(above))};
}

tf::tensor<float> report_coins(const tf::tensor<float>& picture, const tf::tensor<float>& output) {
  const auto coins = segment::find_coins(output);
  std::printf("found: %zu coin%s on %.1f %% of the picture", coins.size(), coins.size() == 1 ? "" : "s",
              statistics_of(output, 0).coverage);
  const auto [least, most] = std::minmax_element(
      coins.begin(), coins.end(), [](const auto& a, const auto& b) { return a.pixels.size() < b.pixels.size(); });
  if (!coins.empty())
    std::printf("; the smallest, without its rim, has %zu pixels, the largest %zu", least->pixels.size(),
                most->pixels.size());
  std::printf("\n");
  return segment::draw_coins(picture, output, coins);
}

tf::tensor<float> report_channels(const tf::tensor<float>& picture, const tf::tensor<float>& output) {
  for (index_t channel = 0; channel < 3; ++channel) {
    const statistics found = statistics_of(output, channel);
    std::printf("found: channel %d is %.3f to %.3f, %.3f on average, above 1/2 on %.1f %% of the picture\n",
                static_cast<int>(channel), found.least, found.greatest, found.mean, found.coverage);
  }
  return segment::draw_channels(picture, output);
}

void run(const segment::options& options) {
  const tf::context ctx = make_context(options.threads);
  const tf::safetensors::file weights(options.weights);
  const segment::conv_deconv network(weights);
  const auto picture = read_picture(options.image);

  const std::pair<std::string_view, tf::any_view> inputs[] = {{"image", picture}};
  const auto result = layers::run_timed(network.net(), inputs, ctx);
  const tf::tensor<float>& output = result.output["mask"];
  std::printf("%s: %s pixels\n", options.image.c_str(), size_text(picture.shape()[2], picture.shape()[3]).c_str());
  std::printf("%s, %d thread%s, median of %zu run%s\n\n", std::string(name_of(tf::active_isa())).c_str(),
              options.threads, options.threads == 1 ? "" : "s", result.runs, result.runs == 1 ? "" : "s");
  layers::print_table(result, false);

  std::printf("\n");
  const auto channels = weights.metadata().find("channels");
  const bool are_coins = channels != weights.metadata().end() && channels->second == segment::coin_channels;
  images::write_png(options.out, are_coins ? report_coins(picture, output) : report_channels(picture, output));
  std::printf("written: %s\n", options.out.c_str());
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const segment::options options = segment::parse_options(count, arguments);
    if (options.help)
      segment::print_help();
    else
      run(options);
    return 0;
  } catch (const std::bad_alloc&) {
    std::fputs("segment: not enough memory\n", stderr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "segment: %s\n", e.what());
  }
  return 2;
}
