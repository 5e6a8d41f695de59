#include "conv_arithmetic/svg.hpp"

#include "support.hpp"

using namespace conv_arithmetic;
using tenfold_test::error_of;

namespace {

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// The outputs' sides, as the guide's pictures have them.
TEST(ConvArithmetic, ClassicsHaveTheGuidesSizes) {
  const index_t sizes[] = {2, 6, 5, 7, 2, 3, 3, 3, 4, 5, 5, 5, 5, 5, 6};
  ASSERT_EQ(std::size(classics), std::size(sizes));
  for (std::size_t i = 0; i < std::size(sizes); ++i)
    EXPECT_EQ(sliding(classics[i]).size(), sizes[i]) << classics[i].name;
}

// The constructor compares each sum of the window with the library's output, and throws where they differ.
TEST(ConvArithmetic, EveryWindowGivesTheLibrarysOutput) {
  index_t drawn = 0;
  for (const bool transposed : {false, true})
    for (index_t input = 1; input <= 4; ++input)
      for (index_t kernel = 1; kernel <= 4; ++kernel)
        for (index_t stride = 1; stride <= 3; ++stride)
          for (index_t padding = 0; padding <= 3; ++padding)
            for (index_t output_padding = 0; output_padding < (transposed ? 3 : 1); ++output_padding)
              for (index_t dilation = 1; dilation <= 3; ++dilation) {
                const settings s{"", "", input, kernel, stride, padding, output_padding, dilation, transposed};
                drawn += error_of([&] { (void)sliding(s); }).empty();
              }
  EXPECT_GT(drawn, 1000);
}

TEST(ConvArithmetic, ImpossibleSettingsAreRefusedInTorchsWords) {
  EXPECT_EQ(
      error_of([] {
        sliding({"", "", 2, 3});
      }),
      "Calculated padded input size per channel: (2 x 2). Kernel size: (3 x 3). Kernel size can't be greater than "
      "actual input size");
}

// One place of the window for each output, and each output's number once.
TEST(ConvArithmetic, SvgHasAStepForEachOutput) {
  for (const settings& c : classics) {
    const sliding s(c);
    const std::string text = svg(s);
    const auto outputs = static_cast<std::size_t>(s.size() * s.size());
    EXPECT_EQ(occurrences(text, "class=\"output\""), outputs) << c.name;
    EXPECT_EQ(occurrences(text, "attributeName=\"opacity\""), outputs) << c.name;
    EXPECT_EQ(occurrences(text, "class=\"weight\""), static_cast<std::size_t>(c.kernel * c.kernel)) << c.name;
    EXPECT_EQ(occurrences(text, "class=\"pixel\""), static_cast<std::size_t>(c.input * c.input)) << c.name;
    const std::size_t values = text.find("values=\"");
    EXPECT_EQ(occurrences(text.substr(values, text.find('"', values + 8) - values), ";") + 1, outputs) << c.name;
    EXPECT_EQ(occurrences(text, "<g "), occurrences(text, "</g>")) << c.name;
  }
}

}  // namespace
