// Tensors as text.
#include <gtest/gtest.h>

#include "wengert/wengert.h"

namespace wg = wengert;

TEST(Elements, AreReadExactly) {
  const int64_t large = (int64_t{1} << 53) + 1;
  EXPECT_EQ(wg::scalar(large).item<int64_t>(), large);
  EXPECT_EQ(wg::scalar(2.75).item<int64_t>(), 2);
  EXPECT_EQ(wg::scalar(int64_t{3}).item<double>(), 3.0);
  EXPECT_TRUE(wg::scalar(0.5).item<bool>());
  EXPECT_EQ(wg::scalar(true).item<int>(), 1);
}

TEST(Print, ShowsElementsByShapeAndDtype) {
  EXPECT_EQ(wg::tensor({1.5f, -2.0f}).to_string(), "tensor([1.5, -2], float32)");
  EXPECT_EQ(wg::scalar(7).to_string(), "tensor(7, int64)");
  EXPECT_EQ(wg::scalar(true).to_string(), "tensor(true, bool)");
  EXPECT_EQ(wg::scalar(std::complex<double>(1, -2)).to_string(), "tensor(1-2i, complex64)");
  const wg::Tensor t = wg::arange(0, 6).reshape({2, 3});
  EXPECT_EQ(t.to_string(), "tensor([[0, 1, 2], [3, 4, 5]], int64)");
  EXPECT_EQ(t.t().to_string(), "tensor([[0, 3], [1, 4], [2, 5]], int64)");
  EXPECT_EQ(wg::zeros({2, 0}).to_string(), "tensor([[], []], float32)");
  EXPECT_EQ(wg::full({1}, 1e-20, wg::DType::float64).to_string(), "tensor([1e-20], float64)");
  EXPECT_EQ(wg::Tensor().to_string(), "tensor()");
}

TEST(Print, CutsLongOnes) {
  EXPECT_EQ(wg::arange(0, 2000).to_string(), "tensor([0, 1, 2, ..., 1997, 1998, 1999], int64)");
  EXPECT_EQ(wg::zeros({int64_t{1} << 40, 0}).to_string(),
            "tensor([[], [], [], ..., [], [], []], float32)");
  EXPECT_EQ(wg::arange(0, 2000).reshape({1000, 2}).to_string(),
            "tensor([[0, 1], [2, 3], [4, 5], ..., [1994, 1995], [1996, 1997], [1998, 1999]], "
            "int64)");
}
