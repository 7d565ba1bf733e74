// The matrices of attention as products read them.
#pragma once

#include <algorithm>
#include <utility>

#include "kernels/gemm.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN
namespace attention_detail {

template <class T>
inline constexpr DType kDType = sizeof(T) == 8 ? DType::float64 : DType::float32;

// Matrices that GEMM can read in place: the elements of a row follow each other.
template <class T>
struct Matrices {
  Matrices() = default;
  explicit Matrices(const Tensor& given) : t(given) {
    const auto readable = [](const TensorImpl& x) {
      return (x.strides()[3] == 1 || x.shape()[3] <= 1) &&
             (x.strides()[2] >= x.shape()[3] || x.shape()[2] <= 1);
    };
    if (t.dtype() != kDType<T> || !readable(*t.impl())) t = dense_copy(*t.impl(), kDType<T>);
    const TensorImpl& x = *t.impl();
    data = reinterpret_cast<T*>(x.data);
    batch = x.strides()[0];
    head = x.strides()[1];
    heads = x.shape()[1];
    columns = x.shape()[3];
    row = std::max<int64_t>(x.shape()[2] > 1 ? x.strides()[2] : columns, 1);
  }
  T* at(int64_t n, int64_t h, int64_t r) const { return data + n * batch + h * head + r * row; }

  Tensor t;
  T* data = nullptr;
  int64_t batch = 0, head = 0, row = 1, heads = 1, columns = 0;
};

// One factor of a product.
template <class T>
struct Block {
  const T* data;
  int64_t ld;
  bool turned = false;
  bool panels = false;     // of gemm_pack
  int64_t panel_rows = 0;  // of which a product may use the first ones alone
};

// c (m, n) = or += a b over k.
template <class T>
void multiply(T* c, int64_t ldc, int64_t m, int64_t n, int64_t k, Block<T> a, Block<T> b,
              bool accumulate = false) {
  kernels::Gemm g;
  g.dtype = kDType<T>;
  g.transpose_a = a.turned;
  g.transpose_b = b.turned;
  g.m = m;
  g.n = n;
  g.k = k;
  g.a = a.data;
  g.lda = a.ld;
  g.panels_b = b.panels;
  g.panel_rows = b.panel_rows;
  g.b = b.data;
  g.ldb = b.ld;
  g.c = c;
  g.ldc = ldc;
  g.accumulate = accumulate;
  kernels::gemm(g);
}

// The rows of one matrix as second factors, block by block: prepared once if many products use
// them.
template <class T>
class Rows {
 public:
  // Of blocks of `block` rows, each the transpose of a factor if turned.
  Rows(bool packed, bool turned, int64_t block) : packed_(packed), turned_(turned), block_(block) {}

  static int64_t memory(int64_t rows, int64_t columns) {
    constexpr int64_t kVector = 16;  // the most elements that a panel is rounded up to
    return (rows + kVector) * (columns + kVector);
  }
  // Takes `rows` rows; `memory` has room for memory(rows, columns) elements.
  void set(const T* data, int64_t ld, int64_t rows, int64_t columns, T* memory) {
    data_ = data;
    ld_ = ld;
    rows_ = rows;
    columns_ = columns;
    memory_ = memory;
    for (int64_t r = 0; packed_ && r < rows; r += block_) {
      kernels::Gemm g;
      g.dtype = kDType<T>;
      g.transpose_b = turned_;
      const int64_t count = rows_of(r);
      g.n = turned_ ? count : columns;
      g.k = turned_ ? columns : count;
      g.b = data + r * ld;
      g.ldb = ld;
      kernels::gemm_pack(g, packed_at(r));
    }
  }
  // Those from `row` on, the first of a block.
  Block<T> at(int64_t row) const {
    if (packed_) return {packed_at(row), 0, false, true, turned_ ? columns_ : rows_of(row)};
    return {data_ + row * ld_, ld_, turned_};
  }
  // As how many columns a product has to take the first `count` rows of the block at `row`, if they
  // are turned: panels are taken whole.
  int64_t whole(int64_t row, int64_t count) const {
    const int64_t panel = kernels::gemm_panel_columns(kDType<T>);
    return packed_ ? std::min((count + panel - 1) / panel * panel, rows_of(row)) : count;
  }

 private:
  int64_t rows_of(int64_t row) const { return std::min(block_, rows_ - row); }
  T* packed_at(int64_t row) const {
    const int64_t width = turned_ ? columns_ : kernels::gemm_panels_size(kDType<T>, columns_, 1);
    return memory_ + row * width;
  }

  bool packed_, turned_;
  int64_t block_;
  const T* data_ = nullptr;
  int64_t ld_ = 0, rows_ = 0, columns_ = 0;
  T* memory_ = nullptr;
};

}  // namespace attention_detail
WENGERT_NAMESPACE_END
