// Einstein summation by permutation, reshaping and batched matrix products.
#include "wengert/ops/einsum.h"

#include <algorithm>
#include <map>
#include <set>

#include "ops/autocast_to.h"
#include "ops/function.h"
#include "ops/op.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// A letter, or for a dimension under an ellipsis its place from the right: -1 is the last.
using Labels = std::vector<int>;
constexpr int kEllipsis = 0;  // in a term as it is written

struct Term {
  Tensor t;
  Labels labels;
};

bool has(const Labels& labels, int x) { return std::ranges::find(labels, x) != labels.end(); }
int64_t place(const Labels& labels, int x) { return std::ranges::find(labels, x) - labels.begin(); }
std::string shown(int label) {
  return label < 0 ? std::to_string(label) : "'" + std::string(1, static_cast<char>(label)) + "'";
}

Labels parse_term(std::string_view term, std::string_view equation) {
  Labels labels;
  for (size_t i = 0; i < term.size(); ++i) {
    const char c = term[i];
    if (term.substr(i, 3) == "...") {
      WG_CHECK(!has(labels, kEllipsis), Error, "einsum: more than one ellipsis in a term of '",
               equation, "'");
      labels.push_back(kEllipsis);
      i += 2;
    } else {
      WG_CHECK((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), Error,
               "einsum: unexpected character '", c, "' in '", equation, "'");
      labels.push_back(c);
    }
  }
  return labels;
}

// The ellipsis replaced by n dimensions.
Labels expand_ellipsis(const Labels& labels, int n) {
  Labels out;
  for (const int x : labels) {
    if (x != kEllipsis) out.push_back(x);
    for (int d = -n; x == kEllipsis && d < 0; ++d) out.push_back(d);
  }
  return out;
}

std::vector<std::string_view> split_terms(std::string_view left) {
  std::vector<std::string_view> parts;
  for (size_t end; (end = left.find(',')) != left.npos; left.remove_prefix(end + 1))
    parts.push_back(left.substr(0, end));
  parts.push_back(left);
  return parts;
}

// The operands with their labels, and the labels of the output.
std::pair<std::vector<Term>, Labels> parse(std::string_view equation, TensorList operands) {
  std::string text(equation);
  std::erase(text, ' ');
  const size_t arrow = text.find("->");
  const auto parts = split_terms(std::string_view(text).substr(0, arrow));
  WG_CHECK(parts.size() == operands.size(), Error, "einsum: '", equation, "' has ", parts.size(),
           " terms, but ", operands.size(), " operands were given");
  std::vector<Term> terms;
  int most = 0;
  for (size_t k = 0; k < parts.size(); ++k) {
    const Labels labels = parse_term(parts[k], equation);
    const bool ellipsis = has(labels, kEllipsis);
    const int n = detail::input("einsum", operands[k])->ndim - static_cast<int>(labels.size()) +
                  (ellipsis ? 1 : 0);
    WG_CHECK(n == 0 || (n > 0 && ellipsis), Error, "einsum: the term '", parts[k],
             "' does not fit an operand of shape ", operands[k].shape());
    if (ellipsis) most = std::max(most, n);
    terms.push_back({operands[k], expand_ellipsis(labels, n)});
  }
  Labels output;
  if (arrow != text.npos) {
    output = expand_ellipsis(parse_term(std::string_view(text).substr(arrow + 2), equation), most);
    for (const int x : output) {
      WG_CHECK(std::ranges::count(output, x) == 1, Error, "einsum: ", shown(x),
               " appears twice in the output of '", equation, "'");
      WG_CHECK(x < 0 || std::ranges::any_of(
                            terms, [&](auto& t) { return has(t.labels, x); }),
               Error, "einsum: ", shown(x), " of the output is in no term of '", equation, "'");
    }
  } else {
    std::map<int, int> uses;
    for (const Term& t : terms) {
      for (const int x : t.labels) ++uses[x];
    }
    for (int d = -most; d < 0; ++d) output.push_back(d);
    for (const auto& [x, count] : uses) {
      if (x > 0 && count == 1) output.push_back(x);
    }
  }
  return {std::move(terms), std::move(output)};
}

// Takes the diagonal of labels that appear twice in one term.
void merge_repeated(Term& term) {
  const Labels before = term.labels;
  Labels& labels = term.labels;
  for (const int x : before) {
    while (std::ranges::count(labels, x) > 1) {
      const int64_t i = place(labels, x);
      const int64_t j = std::find(labels.begin() + i + 1, labels.end(), x) - labels.begin();
      WG_CHECK(term.t.size(i) == term.t.size(j), Error, "einsum: the repeated label ", shown(x),
               " has sizes ", term.t.size(i), " and ", term.t.size(j));
      term.t = diagonal(term.t, 0, i, j);
      labels.erase(labels.begin() + j);
      labels.erase(labels.begin() + i);
      labels.push_back(x);
    }
  }
}

template <class Kept>
void sum_out(Term& term, Kept kept) {
  std::vector<int64_t> dims;
  Labels left;
  for (size_t i = 0; i < term.labels.size(); ++i) {
    kept(term.labels[i]) ? left.push_back(term.labels[i]) : dims.push_back(static_cast<int64_t>(i));
  }
  if (dims.empty()) return;
  term.t = sum(term.t, dims);
  term.labels = std::move(left);
}

Labels joined(const Labels& a, const Labels& b) {
  Labels out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

// The term with its dimensions in the order of `labels`.
Tensor ordered(const Term& term, const Labels& labels) {
  std::vector<int64_t> dims;
  for (const int x : labels) dims.push_back(place(term.labels, x));
  return permute(term.t, dims);
}

void drop(Term& term, int label) {
  const int64_t at = place(term.labels, label);
  term.t = squeeze(term.t, {at});
  term.labels.erase(term.labels.begin() + at);
}

// The product of two terms, summed over what neither the output nor another term needs.
Term contract(Term a, Term b, const std::set<int>& kept, std::optional<DType> low) {
  // Dimensions of size 1 broadcast: where only one operand has extent, the other drops it.
  for (const int x : Labels(a.labels)) {
    if (!has(b.labels, x)) continue;
    const int64_t n = a.t.size(place(a.labels, x)), m = b.t.size(place(b.labels, x));
    if (n == 1 && m != 1) drop(a, x);
    if (m == 1 && n != 1) drop(b, x);
  }
  sum_out(a, [&](int x) { return kept.contains(x) || has(b.labels, x); });
  sum_out(b, [&](int x) { return kept.contains(x) || has(a.labels, x); });
  Labels batch, inner, only_a, only_b;
  for (const int x : a.labels)
    (!has(b.labels, x) ? only_a : kept.contains(x) ? batch : inner).push_back(x);
  for (const int x : b.labels) {
    if (!has(a.labels, x)) only_b.push_back(x);
  }
  const auto sizes = [&](const Labels& labels) {
    std::vector<int64_t> out;
    for (const int x : labels) {
      const Term& t = has(a.labels, x) ? a : b;
      out.push_back(t.t.size(place(t.labels, x)));
    }
    return out;
  };
  const auto extent = [&](const Labels& labels) {
    int64_t n = 1;
    for (const int64_t s : sizes(labels)) n *= s;
    return n;
  };
  const Labels result = joined(joined(batch, only_a), only_b);
  if (inner.empty()) {  // nothing to sum over: an elementwise product
    std::vector<int64_t> left = sizes(joined(batch, only_a)), right = sizes(batch);
    left.insert(left.end(), only_b.size(), 1);
    right.insert(right.end(), only_a.size(), 1);
    for (const int64_t n : sizes(only_b)) right.push_back(n);
    return {mul(reshape(ordered(a, joined(batch, only_a)), left),
                reshape(ordered(b, joined(batch, only_b)), right)),
            result};
  }
  const Tensor left = ordered(a, joined(joined(batch, only_a), inner)),
               right = ordered(b, joined(joined(batch, inner), only_b));
  const int64_t n = extent(only_a), k = extent(inner), m = extent(only_b);
  Tensor out;
  if (batch.empty()) {
    out = mm(autocast_to(reshape(left, {n, k}), low), autocast_to(reshape(right, {k, m}), low));
  } else {
    const int64_t count = extent(batch);
    out = bmm(autocast_to(reshape(left, {count, n, k}), low),
              autocast_to(reshape(right, {count, k, m}), low));
  }
  return {reshape(out, sizes(result)), result};
}

// The size of every label; those of size 1 broadcast.
std::map<int, int64_t> label_sizes(const std::vector<Term>& terms) {
  std::map<int, int64_t> size;
  for (const Term& term : terms) {
    for (size_t d = 0; d < term.labels.size(); ++d) {
      const int64_t n = term.t.size(static_cast<int64_t>(d));
      int64_t& s = size.try_emplace(term.labels[d], n).first->second;
      WG_CHECK(s == n || s == 1 || n == 1, Error, "einsum: the label ", shown(term.labels[d]),
               " has sizes ", s, " and ", n);
      if (s == 1) s = n;
    }
  }
  return size;
}

// The products take inputs of `low`, where it is given.
Tensor einsum_with(std::string_view equation, TensorList operands, std::optional<DType> low) {
  WG_CHECK(!operands.empty(), ValueError, "einsum: expected at least one operand");
  auto parsed = parse(equation, operands);
  std::vector<Term>& terms = parsed.first;
  const Labels& output = parsed.second;
  for (Term& term : terms) merge_repeated(term);
  const std::map<int, int64_t> size = label_sizes(terms);
  const auto cost = [&](const Term& a, const Term& b) {
    double n = 1;
    for (const int x : a.labels) n *= static_cast<double>(size.at(x));
    for (const int x : b.labels) n *= has(a.labels, x) ? 1 : static_cast<double>(size.at(x));
    return n;
  };
  while (terms.size() > 1) {
    size_t first = 0, second = 1;
    for (size_t i = 0; i < terms.size(); ++i) {
      for (size_t j = i + 1; j < terms.size(); ++j) {
        if (cost(terms[i], terms[j]) < cost(terms[first], terms[second])) first = i, second = j;
      }
    }
    std::set<int> kept(output.begin(), output.end());
    for (size_t k = 0; k < terms.size(); ++k) {
      if (k != first && k != second) kept.insert(terms[k].labels.begin(), terms[k].labels.end());
    }
    Term made = contract(terms[first], terms[second], kept, low);
    terms.erase(terms.begin() + static_cast<int64_t>(second));
    terms.erase(terms.begin() + static_cast<int64_t>(first));
    terms.push_back(std::move(made));
  }
  Term& result = terms[0];
  sum_out(result, [&](int x) { return has(output, x); });
  for (const int x : output) {  // under an ellipsis that matched nothing
    if (has(result.labels, x)) continue;
    result.t = unsqueeze(result.t, 0);
    result.labels.insert(result.labels.begin(), x);
  }
  return ordered(result, output);
}

Tensor einsum_row(std::string_view equation, TensorList operands) {
  return einsum_with(equation, operands, autocast_dtype());
}

constexpr Function rows[] = {
    make_function<einsum_row>("_einsum", "equation, operands", kFunction | kInternal,
                              "Products of tensors summed over named dimensions"),
};

}  // namespace

Tensor einsum(std::string_view equation, TensorList operands) {
  return einsum_with(equation, operands, std::nullopt);
}

extern const FunctionTable einsum_functions;
const FunctionTable einsum_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
