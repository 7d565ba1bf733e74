// Sparse tensors by places and values.
#include "wengert/sparse.h"

#include <gtest/gtest.h>

#include "wengert/wengert.h"

namespace wengert {
namespace {

Tensor places(std::vector<int64_t> rows, std::vector<int64_t> columns) {
  std::vector<int64_t> all = rows;
  all.insert(all.end(), columns.begin(), columns.end());
  return from_data(all.data(), {2, static_cast<int64_t>(rows.size())}, DType::int64);
}

TEST(Sparse, SumsWhatStandsAtOnePlace) {
  const Tensor v = tensor({1.0, 2.0, 4.0, 8.0}).requires_grad_();
  const Tensor t = sparse::coo_tensor(places({1, 0, 1, 0}, {2, 0, 2, 1}), v, {2, 3});
  EXPECT_TRUE(sparse::is_sparse(t));
  EXPECT_FALSE(sparse::is_sparse(v));
  const Tensor expected = reshape(tensor({2.0, 8.0, 0.0, 0.0, 0.0, 5.0}), {2, 3});
  EXPECT_TRUE(equal(sparse::to_dense(t), expected));
  const Tensor c = sparse::coalesce(t);
  EXPECT_TRUE(equal(sparse::indices(c), places({0, 0, 1}, {0, 1, 2})));
  EXPECT_TRUE(equal(sparse::values(c), tensor({2.0, 8.0, 5.0})));
  EXPECT_TRUE(sparse::coalesce(c).is_same(c));
  EXPECT_TRUE(sparse::to_dense(v).is_same(v));
  sum(square(sparse::to_dense(t))).backward();
  EXPECT_TRUE(equal(v.grad(), tensor({10.0, 4.0, 10.0, 16.0})));
}

TEST(Sparse, BlocksOfDenseElements) {
  const int64_t rows[] = {2, 0, 2};
  const Tensor v = reshape(arange(0, 6, 1, DType::float64), {3, 2});
  const Tensor t = sparse::coo_tensor(from_data(rows, {1, 3}, DType::int64), v, {4, 2});
  const Tensor expected = reshape(tensor({2.0, 3.0, 0.0, 0.0, 4.0, 6.0, 0.0, 0.0}), {4, 2});
  EXPECT_TRUE(equal(sparse::to_dense(t), expected));
  EXPECT_TRUE(equal(sparse::to_dense(sparse::coalesce(t)), expected));
  const Tensor none = sparse::coo_tensor(zeros({1, 0}, DType::int64), zeros({0, 2}), {4, 2});
  EXPECT_TRUE(equal(sparse::to_dense(sparse::coalesce(none)), zeros({4, 2})));
}

TEST(Sparse, SumsOfShortNumbersAreTakenInFloat32) {
  // Added one by one, bfloat16 stays at 256.
  const Tensor v = ones({300}, DType::bfloat16);
  const Tensor t = sparse::coo_tensor(zeros({1, 300}, DType::int64), v, {1});
  EXPECT_EQ(sparse::to_dense(t).item<double>(), 300);
  EXPECT_EQ(sparse::values(sparse::coalesce(t)).item<double>(), 300);
  EXPECT_EQ(sparse::to_dense(t).dtype(), DType::bfloat16);
  const Tensor b = sparse::coo_tensor(zeros({1, 2}, DType::int64), ones({2}, DType::bool_), {2});
  EXPECT_EQ(sparse::to_dense(b).dtype(), DType::bool_);
}

TEST(Sparse, PartsOfTheGradientOfATable) {
  nn::Embedding table(5, 2, {.sparse = true});
  const int64_t at[] = {3, 1, 3};
  sum(table(from_data(at, {3}, DType::int64))).backward();
  const Tensor g = table.weight.grad();
  ASSERT_TRUE(sparse::is_sparse(g));
  EXPECT_EQ(sparse::indices(sparse::coalesce(g)).size(1), 2);
  EXPECT_EQ(sum(sparse::to_dense(g)).item<double>(), 6.0);
}

TEST(Sparse, RefusesPartsThatDoNotFit) {
  const Tensor at = places({0}, {1}), v = tensor({1.0});
  EXPECT_THROW(sparse::coo_tensor(at, v, {1, 1}), Error);
  EXPECT_THROW(sparse::coo_tensor(neg(at), v, {2, 2}), Error);
  EXPECT_THROW(sparse::coo_tensor(at, tensor({1.0, 2.0}), {2, 2}), Error);
  EXPECT_THROW(sparse::coo_tensor(at, v, {2, 2, 2}), Error);
  EXPECT_THROW(sparse::coo_tensor(v, v, {2}), Error);
  const Tensor nowhere = zeros({2, 0}, DType::int64);
  EXPECT_THROW(sparse::coo_tensor(nowhere, zeros({0}), {2, -1}), Error);
  EXPECT_THROW(sparse::coo_tensor(nowhere, zeros({0, 3}), {-1, -1, 3}), Error);
  EXPECT_THROW(sparse::coo_tensor(at, Tensor(), {2, 2}), TypeError);
  EXPECT_THROW(sparse::indices(v), Error);
  EXPECT_THROW(sparse::coalesce(v), Error);
}

}  // namespace
}  // namespace wengert
