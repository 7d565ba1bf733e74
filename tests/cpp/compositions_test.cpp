// Functions composed of operations, called from C++: values by hand, and gradients by differences.
#include <complex>

#include "graph.h"
#include "wengert/ops/einsum.h"
#include "wengert/ops/grid.h"
#include "wengert/ops/signal.h"
#include "wengert/ops/statistics.h"

namespace wengert {
namespace {

Tensor numbers(Dims shape, double first = 1) {
  int64_t n = 1;
  for (const int64_t s : shape) n *= s;
  return reshape(arange(first, first + static_cast<double>(n), 1, DType::float64), shape);
}
Tensor variable(Dims shape, double first = 1) {
  return (sin(numbers(shape, first)) + 1.5).requires_grad_();
}
void expect_same(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  EXPECT_TRUE(allclose(a, b, 1e-12, 1e-12)) << a.to_string() << b.to_string();
}

TEST(Einsum, IsWhatItsLabelsSay) {
  const Tensor a = numbers({2, 3}), b = numbers({3, 4}), v = numbers({3}), s = numbers({3, 3});
  expect_same(einsum("ij,jk->ik", {a, b}), matmul(a, b));
  expect_same(einsum("ij, jk", {a, b}), matmul(a, b));
  expect_same(einsum("ij,jk->ki", {a, b}), transpose(matmul(a, b), 0, 1));
  expect_same(einsum("ii", {s}), trace(s));
  expect_same(einsum("ii->i", {s}), diagonal(s));
  expect_same(einsum("ij->j", {a}), sum(a, {0}));
  expect_same(einsum("i,j->ij", {v, v}), outer(v, v));
  expect_same(einsum("ij,ij->ij", {a, a}), a * a);
  expect_same(einsum("ij,jk,k->i", {a, b, numbers({4})}), mv(matmul(a, b), numbers({4})));
  const Tensor batch = numbers({2, 1, 2, 3}), other = numbers({5, 3, 4});
  expect_same(einsum("...ij,...jk->...ik", {batch, other}), matmul(batch, other));
}

TEST(Einsum, SaysWhatDoesNotFit) {
  const Tensor a = numbers({2, 3});
  expect_error([&] { einsum("ij,jk->ik", {a}); }, {"2 terms", "1 operands"});
  expect_error([&] { einsum("ijk", {a}); }, {"'ijk'", "(2, 3)"});
  expect_error([&] { einsum("ij->il", {a}); }, {"'l'", "in no term"});
  expect_error([&] { einsum("ij,jk", {a, a}); }, {"'j'", "sizes 3 and 2"});
  expect_error<ValueError>([&] { einsum("ij", {}); }, {"at least one operand"});
}

TEST(Einsum, HasGradientsOfBothOrders) {
  const auto f = [](const std::vector<Tensor>& x) { return einsum("bij,bjk,k->bi", x); };
  const std::vector<Tensor> x = {variable({2, 2, 3}), variable({2, 3, 2}, 5), variable({2}, 9)};
  gradcheck(f, x);
}

TEST(Compositions, ProductsAndPowers) {
  const Tensor a = from_data(std::vector<double>{2, 1, 1, 3}.data(), {2, 2}, DType::float64);
  expect_same(matrix_power(a, 5), matmul(matmul(matmul(a, a), matmul(a, a)), a));
  expect_same(matrix_power(a, 0), eye(2, {}, DType::float64));
  EXPECT_FALSE(matrix_power(a, 1).is_same(a));
  expect_error([&] { matrix_power(numbers({2, 3}), 2); }, {"square", "(2, 3)"});
  expect_values(vander(vec({2, 3})), {2, 1, 3, 1});
  expect_values(vander(vec({2, 3}), 3, true), {1, 2, 4, 1, 3, 9});
  expect_values(linalg_vander(vec({2, 3}), 3), {1, 2, 4, 1, 3, 9});
  const Tensor z = complex(vec({0, 1}), vec({1, 2}));
  EXPECT_EQ(vdot(z, z).item().to_complex(), std::complex<double>(6, 0));
}

TEST(Compositions, ShapesAndPieces) {
  EXPECT_EQ(broadcast_shapes({Dims{2, 1}, Dims{3}}), (std::vector<int64_t>{2, 3}));
  expect_error([] { broadcast_shapes({Dims{2}, Dims{3}}); }, {"(2,)", "(3,)"});
  const auto both = broadcast_tensors({numbers({2, 1}), numbers({3})});
  expect_values(both[0], {1, 1, 1, 2, 2, 2});
  expect_values(both[1], {1, 2, 3, 1, 2, 3});
  expect_values(broadcast_to(vec({1, 2}), {2, 2}), {1, 2, 1, 2});
  EXPECT_EQ(moveaxis(numbers({2, 3, 4}), {0}, {2}).shape(), (Dims{3, 4, 2}));
  const auto three = tensor_split(vec({1, 2, 3, 4, 5, 6, 7}), 3);
  expect_values(three[0], {1, 2, 3});
  expect_values(three[2], {6, 7});
  const auto at = tensor_split(vec({1, 2, 3}), Dims{1, 9});
  expect_values(at[1], {2, 3});
  EXPECT_EQ(at[2].numel(), 0);
  expect_error([] { tensor_split(vec({1}), 0); }, {"sections", "0"});
}

TEST(Compositions, WhatVectorsSpan) {
  const auto grid = meshgrid({vec({1, 2}), vec({3, 4, 5})});
  expect_values(grid[0], {1, 1, 1, 2, 2, 2});
  EXPECT_EQ(meshgrid({vec({1, 2}), vec({3, 4, 5})}, "xy")[0].shape(), (Dims{3, 2}));
  expect_values(cartesian_prod({vec({1, 2}), vec({3, 4})}), {1, 3, 1, 4, 2, 3, 2, 4});
  expect_values(combinations(vec({1, 2, 3})), {1, 2, 1, 3, 2, 3});
  expect_values(combinations(vec({1, 2}), 2, true), {1, 1, 1, 2, 2, 2});
  EXPECT_EQ(combinations(vec({1, 2}), 3).shape(), (Dims{0, 3}));
  expect_error([] { combinations(numbers({60}), 30); }, {"too many"});
  expect_error([] { combinations(vec({1}), int64_t{1} << 62, true); }, {"too many"});
  const auto places = unravel_index(tensor({int64_t{5}, int64_t{11}}), {3, 4});
  expect_values(places[0], {1, 2});
  expect_values(places[1], {1, 3});
  expect_values(logspace(0, 2, 3, 10, DType::float64), {1, 10, 100});
}

TEST(Compositions, WindowsAndSpectra) {
  expect_same(hann_window(4, true, DType::float64), vec({0, 0.5, 1, 0.5}));
  expect_same(bartlett_window(5, false, DType::float64), vec({0, 0.5, 1, 0.5, 0}));
  expect_same(hamming_window(3, false, 0.5, 0.5, DType::float64), vec({0, 1, 0}));
  expect_same(blackman_window(3, false, DType::float64), vec({0, 1, 0}));
  EXPECT_EQ(kaiser_window(1).numel(), 1);
  expect_error<NotImplementedError>([] { hann_window(3, true, DType::complex64); }, {"complex64"});
  const Tensor signal = sin(numbers({2, 100})), window = hann_window(16, true, DType::float64);
  const Tensor spectra = stft(signal, 16, 4, {}, window);
  EXPECT_EQ(spectra.shape(), (Dims{2, 9, 26}));
  expect_same(istft(spectra, 16, 4, {}, window), signal);
  EXPECT_EQ(istft(spectra, 16, 4, {}, window, true, false, {}, 120).shape(), (Dims{2, 120}));
  expect_error([&] { stft(signal, 16, 0); }, {"hop_length > 0"});
}

TEST(Compositions, Statistics) {
  const Tensor x = reshape(vec({1, 2, 3, 2, 4, 6}), {2, 3});
  expect_values(cov(x), {1, 2, 2, 4});
  expect_values(cov(x, 0, tensor({int64_t{1}, int64_t{0}, int64_t{1}})), {1, 2, 2, 4});
  expect_same(corrcoef(x), ones({2, 2}, DType::float64));
  expect_values(trapezoid(vec({1, 2, 4})), {4.5});
  expect_values(trapezoid(vec({1, 2, 4}), 2), {9});
  expect_values(trapezoid(vec({1, 2, 4}), vec({0, 1, 3})), {7.5});
  expect_values(cumulative_trapezoid(vec({1, 2, 4})), {1.5, 4.5});
  const auto [hist, edges] = histogram(vec({0, 1, 1, 2}), 2);
  expect_values(hist, {1, 3});
  expect_values(edges, {0, 1, 2});
  expect_values(histogram(vec({0, 1, 1, 2}), vec({0, 0.5, 1}), vec({1, 2, 3, 4})).first, {1, 5});
  const auto points = histogramdd(reshape(vec({0, 0, 1, 1}), {2, 2}), Dims{2, 2}, {0, 1, 0, 1});
  expect_values(points.first, {1, 0, 0, 1});
  expect_error([] { histogram(vec({1}), 0); }, {"at least one bin"});
}

TEST(Compositions, Gradients) {
  const auto check = [](auto f, const Tensor& x) {
    gradcheck([f](const std::vector<Tensor>& a) { return f(a[0]); }, {x});
  };
  check([](const Tensor& x) { return matrix_power(x, -3); }, variable({2, 2}));
  check([](const Tensor& x) { return cov(x); }, variable({2, 4}));
  check([](const Tensor& x) { return corrcoef(x) * 2; }, variable({2, 4}));
  check([](const Tensor& x) { return trapezoid(x, x); }, variable({5}));
  check([](const Tensor& x) { return vander(x, 4); }, variable({3}));
  check([](const Tensor& x) { return cartesian_prod({x, x * 2}); }, variable({3}));
  check([](const Tensor& x) { return combinations(x, 2); }, variable({3}));
  check([](const Tensor& x) { return view_as_real(stft(x, 4, 2)); }, variable({8}));
}

}  // namespace
}  // namespace wengert
