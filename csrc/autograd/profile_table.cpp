// A profile as tables: by name, and by module.
#include <algorithm>
#include <cstdio>
#include <set>
#include <unordered_map>

#include "autograd/profile_report.h"

WENGERT_NAMESPACE_BEGIN
namespace report {

namespace {

std::string fixed(double value, const char* unit = "") {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f%s", value < 100 ? 2 : 1, value, unit);
  return text;
}

std::string time_text(int64_t ns) {
  const auto t = static_cast<double>(ns);
  return t < 1e6 ? fixed(t / 1e3, " us") : t < 1e9 ? fixed(t / 1e6, " ms") : fixed(t / 1e9, " s");
}

std::string bytes_text(int64_t n) {
  const auto b = static_cast<double>(n);
  if (n < 1024) return std::to_string(n) + " B";
  return b < 1 << 20   ? fixed(b / 1024, " KiB")
         : b < 1 << 30 ? fixed(b / (1 << 20), " MiB")
                       : fixed(b / (1 << 30), " GiB");
}

std::string rate(int64_t amount, int64_t ns) {
  return amount && ns ? fixed(static_cast<double>(amount) / static_cast<double>(ns)) : "--";
}

std::string share_text(int64_t ns, int64_t bytes, int64_t flops, int64_t flops64) {
  if (!bytes && !flops) return "--";
  return fixed(100 * share_of_peak(ns, bytes, flops, flops64), " %");
}

// Rows of cells under a heading; the first column stands at the left.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string space(widths[i] - rows[r][i].size(), ' ');
      out += i ? "  " + space + rows[r][i] : rows[r][i] + space;
    }
    out += '\n';
    if (r) continue;
    for (size_t i = 0; i < widths.size(); ++i) out += (i ? "  " : "") + std::string(widths[i], '-');
    out += '\n';
  }
  return out;
}

const ProfileEvent* around(const Events& events, const ProfileEvent& e) {
  return e.parent < 0 ? nullptr : &events[static_cast<size_t>(e.parent)];
}

struct Row {
  int64_t calls = 0, self = 0, total = 0, bytes = 0, flops = 0, flops64 = 0;
};

}  // namespace

std::string table(const Events& events, int64_t count) {
  std::unordered_map<std::string, Row> by_name;
  int64_t all = 0;
  for (const ProfileEvent& e : events) {
    if (e.kind == EventKind::module) continue;
    const int64_t ns = e.end_ns - e.begin_ns;
    Row& row = by_name[e.name];
    ++row.calls;
    row.self += ns;
    row.total += ns;
    row.bytes += e.bytes;
    row.flops += e.flops;
    row.flops64 += e.flops64;
    const ProfileEvent* p = around(events, e);
    while (p && p->kind == EventKind::module) p = around(events, *p);
    if (p) {
      by_name[p->name].self -= ns;
    } else {
      all += ns;
    }
  }
  std::vector<std::pair<std::string, Row>> sorted(by_name.begin(), by_name.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::pair(-a.second.self, a.first) < std::pair(-b.second.self, b.first);
  });
  if (count >= 0 && static_cast<size_t>(count) < sorted.size()) {
    sorted.resize(static_cast<size_t>(count));
  }
  std::vector<std::vector<std::string>> rows = {{"Name", "Calls", "Self", "Self %", "Total", "Mean",
                                                 "Bytes", "GB/s", "GFLOP/s", "Share of peak"}};
  for (const auto& [name, row] : sorted) {
    const double part = all ? 100.0 * static_cast<double>(row.self) / static_cast<double>(all) : 0;
    rows.push_back({name, std::to_string(row.calls), time_text(row.self), fixed(part, " %"),
                    time_text(row.total), time_text(row.total / row.calls), bytes_text(row.bytes),
                    rate(row.bytes, row.total), rate(row.flops, row.total),
                    share_text(row.total, row.bytes, row.flops, row.flops64)});
  }
  return aligned(rows) + "All together: " + time_text(all) + '\n';
}

std::vector<ModuleProfile> modules(const Events& events) {
  std::vector<ModuleProfile> rows;
  std::unordered_map<std::string, size_t> at;
  // Calls f with the row of every module around `e`, each once.
  const auto each = [&](const ProfileEvent& e, auto&& f) {
    std::set<size_t> seen;
    for (const ProfileEvent* p = around(events, e); p && p->kind != EventKind::backward;
         p = around(events, *p)) {
      if (p->kind == EventKind::module && seen.insert(at.at(p->name)).second) f(rows[at[p->name]]);
    }
  };
  for (const ProfileEvent& e : events) {
    const int64_t ns = e.end_ns - e.begin_ns;
    const auto add = [&](ModuleProfile& row) {
      row.bytes += e.bytes;
      row.flops += e.flops;
      row.flops64 += e.flops64;
    };
    if (e.kind == EventKind::module) {
      if (at.emplace(e.name, rows.size()).second) rows.push_back({.name = e.name});
      ModuleProfile& row = rows[at[e.name]];
      ++row.calls;
      bool inside = false;
      each(e, [&](const ModuleProfile& outer) { inside |= &outer == &row; });
      if (!inside) row.forward_ns += ns;
    } else if (e.kind == EventKind::operation) {
      each(e, add);
    } else if (e.kind == EventKind::backward && e.forward >= 0) {
      each(events[static_cast<size_t>(e.forward)], [&](ModuleProfile& row) {
        add(row);
        row.backward_ns += ns;
      });
    }
  }
  return rows;
}

std::string module_table(const Events& events) {
  std::vector<std::vector<std::string>> rows = {
      {"Module", "Calls", "Forward", "Backward", "Bytes", "GB/s", "GFLOP/s", "Share of peak"}};
  for (const ModuleProfile& m : modules(events)) {
    const int64_t ns = m.forward_ns + m.backward_ns;
    rows.push_back({m.name, std::to_string(m.calls), time_text(m.forward_ns),
                    time_text(m.backward_ns), bytes_text(m.bytes), rate(m.bytes, ns),
                    rate(m.flops, ns), share_text(ns, m.bytes, m.flops, m.flops64)});
  }
  return aligned(rows);
}

}  // namespace report
WENGERT_NAMESPACE_END
