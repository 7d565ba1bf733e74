// Sparse tensors by places and values.
#include "wengert/sparse.h"

#include <gtest/gtest.h>

#include <limits>

#include "wengert/detail/owner.h"
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

TEST(Sparse, NoOperationTakesItForZeros) {
  const Tensor v = tensor({1.0, 2.0}).requires_grad_();
  const Tensor t = sparse::coo_tensor(places({0, 1}, {2, 0}), v, {2, 3});
  EXPECT_EQ(t.to_string(), "tensor(sparse, shape (2, 3), float64)");
  EXPECT_TRUE(sparse::is_sparse(t.detach()));
  EXPECT_TRUE(equal(sparse::to_dense(t.detach()), sparse::to_dense(t)));
  const Tensor d = zeros({3, 2}, DType::float64);
  Tensor to = zeros({2, 3}, DType::float64);
  EXPECT_THROW(t + 1.0, NotImplementedError);
  EXPECT_THROW(exp(t), NotImplementedError);
  EXPECT_THROW(sum(t), NotImplementedError);
  EXPECT_THROW(sum(t, {0}), NotImplementedError);
  EXPECT_THROW(mm(t, d), NotImplementedError);
  EXPECT_THROW(mm(d, t), NotImplementedError);
  EXPECT_THROW(cat({t, t}, 0), NotImplementedError);
  EXPECT_THROW(softmax(t, 1), NotImplementedError);
  EXPECT_THROW(equal(t, t), NotImplementedError);
  EXPECT_THROW(transpose(t, 0, 1), NotImplementedError);
  EXPECT_THROW(select(t, 0, 1), NotImplementedError);
  EXPECT_THROW(reshape(t, {6}), NotImplementedError);
  EXPECT_THROW(clone(t), NotImplementedError);
  EXPECT_THROW(copy_(to, t), NotImplementedError);
}

// ---- arithmetic: what the dense tensors give, and gradients

// (3, 4) with two entries at one place.
Tensor matrix(const Tensor& values, bool coalesced = false) {
  const Tensor t = sparse::coo_tensor(places({2, 0, 2, 1, 0}, {3, 1, 3, 0, 2}), values, {3, 4});
  return coalesced ? sparse::coalesce(t) : t;
}
const std::vector<double> kNumbers{0.5, -1.5, 2.0, 3.0, 0.25};
Tensor numbers() { return from_data(kNumbers.data(), {5}, DType::float64); }
Tensor other_matrix(const Tensor& values) {
  return sparse::coo_tensor(places({0, 1, 2, 0, 2}, {1, 0, 0, 3, 3}), values, {3, 4});
}

// f(sparse tensor) has the elements of g(its dense form), and the right gradients.
void expect_like_dense(const std::function<Tensor(const Tensor&)>& f,
                       const std::function<Tensor(const Tensor&)>& g) {
  for (const bool coalesced : {false, true}) {
    Tensor v = numbers().requires_grad_();
    const Tensor result = f(matrix(v, coalesced));
    EXPECT_TRUE(allclose(sparse::to_dense(result), g(sparse::to_dense(matrix(v)))));
    gradcheck(
        [&](const std::vector<Tensor>& in) {
          return sparse::to_dense(f(matrix(in[0], coalesced)));
        },
        {v});
  }
}

TEST(SparseArithmetic, IsThatOfDenseTensors) {
  manual_seed(1);
  const Tensor dense = randn({3, 4}, DType::float64), row = randn({4}, DType::float64);
  const Tensor b = other_matrix(randn({5}, DType::float64)), bd = sparse::to_dense(b);
  using sparse::coalesce;
  expect_like_dense([&](const Tensor& a) { return sparse::add(a, b); },
                    [&](const Tensor& a) { return a + bd; });
  expect_like_dense([&](const Tensor& a) { return sparse::add(a, coalesce(b), 0.5); },
                    [&](const Tensor& a) { return a + bd * 0.5; });
  expect_like_dense([&](const Tensor& a) { return sparse::sub(a, b, 2); },
                    [&](const Tensor& a) { return a - bd * 2; });
  expect_like_dense([&](const Tensor& a) { return sparse::add(a, a); },
                    [&](const Tensor& a) { return a + a; });
  expect_like_dense([&](const Tensor& a) { return sparse::sub(dense, a); },
                    [&](const Tensor& a) { return dense - a; });
  expect_like_dense([&](const Tensor& a) { return sparse::mul(a, 3); },
                    [&](const Tensor& a) { return a * 3; });
  expect_like_dense([&](const Tensor& a) { return sparse::mul(scalar(-0.5), a); },
                    [&](const Tensor& a) { return a * -0.5; });
  expect_like_dense([&](const Tensor& a) { return sparse::mul(row, a); },
                    [&](const Tensor& a) { return a * row; });
  expect_like_dense([&](const Tensor& a) { return sparse::mul(a, b); },
                    [&](const Tensor& a) { return a * bd; });
  expect_like_dense([&](const Tensor& a) { return sparse::mul(a, a); },
                    [&](const Tensor& a) { return a * a; });
  expect_like_dense([&](const Tensor& a) { return sparse::div(sparse::neg(a), 4); },
                    [&](const Tensor& a) { return -a / 4; });
  expect_like_dense([&](const Tensor& a) { return sparse::map(a, relu); },
                    [&](const Tensor& a) { return relu(a); });
  EXPECT_TRUE(sparse::is_coalesced(sparse::add(coalesce(b), coalesce(matrix(numbers())))));
}

TEST(SparseArithmetic, SumsAndNorms) {
  expect_like_dense([](const Tensor& a) { return sparse::sum(a); },
                    [](const Tensor& a) { return sum(a); });
  for (const std::vector<int64_t>& dims : {std::vector<int64_t>{0}, {1}, {-1}, {0, 1}}) {
    for (const bool keep : {false, true}) {
      expect_like_dense([&](const Tensor& a) { return sparse::sum(a, dims, keep); },
                        [&](const Tensor& a) { return sum(a, dims, keep); });
    }
  }
  EXPECT_TRUE(sparse::is_sparse(sparse::sum(matrix(numbers()), {0})));
  expect_like_dense([](const Tensor& a) { return sparse::norm(a); },
                    [](const Tensor& a) { return vector_norm(a); });
  expect_like_dense([](const Tensor& a) { return sparse::t(a); },
                    [](const Tensor& a) { return a.t(); });
  const int64_t rows[] = {2, 0, 2};
  const Tensor v = reshape(arange(0, 12, 1, DType::float64), {3, 2, 2});
  const Tensor blocks = sparse::coo_tensor(from_data(rows, {1, 3}, DType::int64), v, {4, 2, 2});
  const Tensor all = sparse::to_dense(blocks);
  for (const std::vector<int64_t>& dims : {std::vector<int64_t>{0}, {1}, {2}, {0, 2}, {1, 2}}) {
    for (const bool keep : {false, true}) {
      EXPECT_TRUE(equal(sparse::to_dense(sparse::sum(blocks, dims, keep)), sum(all, dims, keep)));
    }
  }
}

TEST(SparseArithmetic, SoftmaxOverWhatIsStored) {
  const Tensor v = numbers().requires_grad_();
  for (const int64_t dim : {0, 1}) {
    const Tensor a = sparse::to_dense(matrix(v));
    const Tensor expected = softmax(where(a == 0, full({}, -INFINITY, DType::float64), a), dim);
    const Tensor line = sparse::to_dense(sparse::softmax(matrix(v), dim));
    EXPECT_TRUE(allclose(line, where(a == 0, zeros({}, DType::float64), expected)));
    gradcheck(
        [&](const std::vector<Tensor>& in) {
          return sparse::values(sparse::log_softmax(matrix(in[0]), dim));
        },
        {v});
  }
}

TEST(SparseArithmetic, Products) {
  manual_seed(2);
  const Tensor x = randn({4, 2}, DType::float64), y = randn({2, 3}, DType::float64);
  const Tensor other = sparse::t(other_matrix(randn({5}, DType::float64)));
  const Tensor bias = randn({2}, DType::float64);
  expect_like_dense([&](const Tensor& a) { return sparse::mm(a, x); },
                    [&](const Tensor& a) { return matmul(a, x); });
  expect_like_dense([&](const Tensor& a) { return sparse::mm(y, a); },
                    [&](const Tensor& a) { return matmul(y, a); });
  expect_like_dense([&](const Tensor& a) { return sparse::mm(a, other); },
                    [&](const Tensor& a) { return matmul(a, sparse::to_dense(other)); });
  const Tensor vector = randn({4}, DType::float64);
  expect_like_dense([&](const Tensor& a) { return sparse::mv(a, vector); },
                    [&](const Tensor& a) { return matmul(a, vector); });
  expect_like_dense([&](const Tensor& a) { return sparse::addmm(bias, a, x, 0.5, 2); },
                    [&](const Tensor& a) { return 0.5 * bias + 2 * matmul(a, x); });
  // The dense factor, again and again with one matrix, and from the other side.
  const Tensor a = matrix(numbers());
  gradcheck([&](const std::vector<Tensor>& in) { return sparse::mm(a, square(in[0])); },
            {x.clone().requires_grad_()});
  EXPECT_TRUE(allclose(sparse::mm(sparse::t(a), ones({3, 1}, DType::float64)),
                       sum(sparse::to_dense(a), {0}).reshape({4, 1})));
  EXPECT_TRUE(equal(sparse::mm(sparse::mul(a, 2), x), sparse::mm(a, x) * 2));

  const int64_t at[] = {0, 1, 1, 2, 0, 1, 1, 1, 2};
  const Tensor batch = sparse::coo_tensor(from_data(at, {3, 3}, DType::int64),
                                          narrow(numbers(), 0, 0, 3), {2, 3, 4});
  const Tensor xs = randn({2, 4, 2}, DType::float64);
  EXPECT_TRUE(allclose(sparse::bmm(batch, xs), bmm(sparse::to_dense(batch), xs)));
  // Whole numbers, and short ones summed in float32.
  const Tensor counts = matrix(ones({5}, DType::int64));
  EXPECT_TRUE(equal(sparse::mm(counts, ones({4, 1}, DType::int64)),
                    sum(sparse::to_dense(counts), {1}, true)));
  const Tensor wide =
      sparse::coo_tensor(places(std::vector<int64_t>(300, 0), std::vector<int64_t>(300, 0)),
                         ones({300}, DType::bfloat16), {1, 1});
  EXPECT_EQ(sparse::mm(wide, ones({1, 1}, DType::bfloat16)).item<double>(), 300);
}

TEST(Sparse, ConvertsFromDense) {
  Tensor x = reshape(tensor({0.0, 2.0, 0.0, 0.0, 0.0, 3.0}), {3, 2}).requires_grad_();
  const Tensor all = sparse::to_sparse(x), rows = sparse::to_sparse(x, 1);
  EXPECT_EQ(sparse::nnz(all), 2);
  EXPECT_TRUE(sparse::is_coalesced(all));
  EXPECT_EQ(sparse::sparse_dim(rows), 1);
  EXPECT_EQ(sparse::dense_dim(rows), 1);
  for (const Tensor& t : {all, rows}) EXPECT_TRUE(equal(sparse::to_dense(t), x));
  sum(square(sparse::values(all))).backward();
  EXPECT_TRUE(equal(x.grad(), x * 2));
  const Tensor masked = sparse::sparse_mask(full({3, 2}, 7.0, DType::float64), all);
  EXPECT_TRUE(equal(sparse::values(masked), tensor({7.0, 7.0})));
  for (const double v : {0.0, 5.0}) {
    EXPECT_EQ(sparse::to_dense(sparse::to_sparse(scalar(v))).item<double>(), v);
  }
  EXPECT_THROW(sparse::to_sparse(x, 3), Error);
  EXPECT_THROW(sparse::to_sparse(x, 0), Error);
}

TEST(SparseArithmetic, RefusesWhatDoesNotFit) {
  const Tensor a = matrix(numbers()), x = ones({4, 2}, DType::float64);
  EXPECT_THROW(sparse::add(a, x), Error);
  EXPECT_THROW(sparse::add(x, a), Error);
  EXPECT_THROW(sparse::add(a, sparse::t(a)), Error);
  EXPECT_THROW(sparse::mul(a, x), Error);
  EXPECT_THROW(sparse::mul(x, x), Error);
  EXPECT_THROW(sparse::mul(x, 2), Error);
  EXPECT_THROW(sparse::sum(a, {2}), IndexError);
  EXPECT_THROW(sparse::sum(a, {0, -2}), Error);
  EXPECT_THROW(sparse::mm(a, a), Error);
  EXPECT_THROW(sparse::mm(a, x.to(DType::float32)), Error);
  EXPECT_THROW(sparse::mv(a, x), Error);
  EXPECT_THROW(sparse::bmm(a, x), Error);
  EXPECT_THROW(sparse::addmm(a, a, x), Error);
  EXPECT_THROW(sparse::t(sparse::to_sparse(x, 1)), Error);
  EXPECT_THROW(sparse::softmax(a, 2), IndexError);
  EXPECT_THROW(sparse::map(a, [](const Tensor& v) { return sum(v); }), Error);
}

TEST(SparseArithmetic, KeepsDtypesAsDenseTensorsDo) {
  for (const DType dtype : {DType::uint8, DType::int32, DType::int64}) {
    const Tensor a = sparse::to_sparse(eye(3, {}, dtype)), x = ones({3, 3}, dtype);
    EXPECT_EQ(sparse::add(a, a, 2).dtype(), dtype);
    EXPECT_EQ(sparse::addmm(x, a, x).dtype(), dtype);
    EXPECT_TRUE(equal(sparse::addmm(x, a, x, 2, 3), x * 5));
    EXPECT_THROW(sparse::add(a, a, 0.5), Error);
    EXPECT_THROW(sparse::addmm(x, a, x, 0.5), Error);
    EXPECT_THROW(sparse::softmax(a, 0), NotImplementedError);
  }
  const Tensor flags = sparse::to_sparse(eye(3, {}, DType::bool_));
  EXPECT_THROW(sparse::sub(flags, flags), NotImplementedError);
  // 200 + 100 at one place are 44.
  const Tensor twice =
      sparse::coo_tensor(places({1, 1}, {2, 2}), tensor({200.0, 100.0}).to(DType::uint8), {3, 3});
  EXPECT_EQ(sparse::sum(twice).item<int64_t>(), 44);
  EXPECT_EQ(sparse::sum(twice, {0}).dtype(), DType::int64);
  EXPECT_EQ(sparse::to_dense(sparse::sum(twice, {0}))[2].item<int64_t>(), 44);
}

TEST(SparseArithmetic, ProductsAddNothingOfWhatIsLeftOut) {
  const Tensor a = sparse::to_sparse(eye(2)), x = ones({2, 2});
  const Tensor nothing = full({2, 2}, std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(equal(sparse::addmm(nothing, a, x, 0), x));
  EXPECT_TRUE(equal(sparse::addmm(ones({2}), a, x), x * 2));
  EXPECT_THROW(sparse::addmm(ones({3, 2, 2}), a, x), Error);
  EXPECT_THROW(sparse::addmm(ones({2, 2}, DType::float64), a, x), Error);
  EXPECT_THROW(sparse::map(a, nullptr), TypeError);
}

TEST(Sparse, IsNeitherChangedInPlaceNorTrainedItself) {
  Tensor a = sparse::to_sparse(eye(3));
  EXPECT_THROW(fill_(a, 1.0), NotImplementedError);
  EXPECT_THROW(clamp_(a, Scalar(0.0), Scalar(1.0)), NotImplementedError);
  EXPECT_THROW(a.requires_grad_(), NotImplementedError);
  EXPECT_THROW(detail::replace_data(ones({3, 3}), a), NotImplementedError);
  Tensor weight = ones({3, 3}).requires_grad_();
  weight.set_grad(a);
  EXPECT_THROW(nn::utils::clip_grad_value_({weight}, 1.0), NotImplementedError);
}

TEST(Sparse, RefusesPartsThatDoNotFit) {
  EXPECT_THROW(sparse::coo_tensor(zeros({1, 0}, DType::int64), zeros({0}), {-3}), Error);
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
