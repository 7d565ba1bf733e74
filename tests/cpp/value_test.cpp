// Files of nested values: what is written is read again, and damaged files are refused.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "wengert/wengert.h"

namespace wg = wengert;
namespace fs = std::filesystem;
using wg::io::Value;

namespace {

class Values : public ::testing::Test {
 protected:
  Values() {
    char name[] = "/tmp/wengert-value-XXXXXX";
    folder_ = mkdtemp(name);
    path_ = folder_ / "v.wg";
  }
  ~Values() override { fs::remove_all(folder_); }

  Value round_trip(const Value& v) const {
    wg::io::save_value(path_, v);
    return wg::io::load_value(path_);
  }
  // A file without tensors but one, t, whose structure is this.
  Value load(const std::string& structure) const {
    wg::io::save(path_, {{"t", wg::ones({2})}}, {{"wengert", structure}});
    return wg::io::load_value(path_);
  }
  Value load_root(const std::string& root) const {
    return load("{\"version\":1,\"root\":" + root + "}");
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(Values, RoundTrip) {
  const wg::Tensor t = wg::arange(0, 6).reshape({2, 3});
  const Value v = round_trip(
      Value::dict({{"none", {}},
                   {"truth", true},
                   {"count", int64_t{-1} << 63},
                   {"number", 0.1},
                   {"whole", 2.0},
                   {"text", "a \"b\"\n\xC3\xA4"},
                   {7, Value::list({t, t, t.t(), wg::TensorMap{{"t", t}}})},
                   {"tuple", Value::tuple({Value::tuple({}), Value::list(), Value::dict()})},
                   {"special", Value::list({INFINITY, -INFINITY, NAN, -0.0})}}));
  EXPECT_TRUE(v["none"].is_none());
  EXPECT_TRUE(v["truth"].to_bool());
  EXPECT_EQ(v["count"].to_int(), int64_t{-1} << 63);
  EXPECT_EQ(v["number"].to_double(), 0.1);
  EXPECT_TRUE(v["whole"].is_double());
  EXPECT_EQ(v["text"].text(), "a \"b\"\n\xC3\xA4");
  const Value& list = v[7];
  EXPECT_FALSE(list.is_tuple());
  EXPECT_TRUE(list[0].tensor().is_same(list[1].tensor()));
  EXPECT_TRUE(wg::equal(list[2].tensor(), t.t()));
  EXPECT_TRUE(wg::equal(list[3].tensors().at("t"), t));
  EXPECT_TRUE(v["tuple"].is_tuple());
  EXPECT_TRUE(v["tuple"][0].is_tuple());
  EXPECT_TRUE(v["tuple"][2].is_dict());
  EXPECT_EQ(v["special"][1].to_double(), -INFINITY);
  EXPECT_TRUE(std::isnan(v["special"][2].to_double()));
  EXPECT_TRUE(std::signbit(v["special"][3].to_double()));
}

TEST_F(Values, TensorsHaveTheNamesOfTheirPlaces) {
  const wg::Tensor a = wg::ones({2}), b = wg::zeros({3});
  wg::io::save_value(path_, Value::dict({{"model", wg::TensorMap{{"0.weight", a}}},
                                         {"list", Value::list({1, b})},
                                         {"model.0", wg::TensorMap{{"weight", b * 2}}}}));
  const wg::TensorMap tensors = wg::io::load(path_).tensors;
  EXPECT_EQ(tensors.size(), 3u);
  EXPECT_TRUE(wg::equal(tensors.at("model.0.weight"), a));
  EXPECT_TRUE(wg::equal(tensors.at("list.1"), b));
  EXPECT_TRUE(tensors.count("model.0.weight#1"));
}

TEST_F(Values, PlainFilesAreDicts) {
  wg::io::save(path_, {{"a", wg::ones({2})}});
  EXPECT_TRUE(wg::equal(wg::io::load_value(path_)["a"].tensor(), wg::ones({2})));
}

TEST_F(Values, OtherKindsAreRefused) {
  const Value v = Value::dict({{"a", 1}});
  EXPECT_THROW(v["b"], wg::ValueError);
  EXPECT_THROW(v["a"].text(), wg::ValueError);
  EXPECT_THROW(v["a"].tensor(), wg::ValueError);
  EXPECT_THROW(v["a"].items(), wg::ValueError);
  EXPECT_THROW(v["a"]["b"], wg::ValueError);
  try {
    Value::dict({{"weight", wg::ones({1})}, {"_extra_state", 5}}).tensors();
    FAIL();
  } catch (const wg::ValueError& e) {
    EXPECT_STREQ(e.what(),
                 "value: expected a dict of tensors, but the entry '_extra_state' is a whole "
                 "number");
  }
  EXPECT_THROW(Value::list({1})[1], wg::ValueError);
  EXPECT_THROW(Value::list({1})[-1], wg::ValueError);
  EXPECT_THROW(Value::dict({{"a", 1}, {"a", 2}}), wg::ValueError);
  EXPECT_THROW(Value::dict({{0.5, 1}}), wg::ValueError);
  EXPECT_EQ(v["a"].to_double(), 1.0);
}

TEST_F(Values, WhatCannotBeSavedLeavesTheFile) {
  wg::io::save_value(path_, 3);
  Value deep = 1;
  for (int i = 0; i < 200; ++i) deep = Value::list({deep});
  EXPECT_THROW(wg::io::save_value(path_, deep), wg::ValueError);
  EXPECT_THROW(wg::io::save_value(path_, "\xFF"), wg::ValueError);
  EXPECT_THROW(wg::io::save_value(path_, Value::list({wg::Tensor()})), wg::ValueError);
  EXPECT_EQ(wg::io::load_value(path_).to_int(), 3);
}

TEST_F(Values, DamagedStructures) {
  EXPECT_EQ(load_root("{\"dict\":[[\"t\",{\"tensor\":\"t\"}]]}")["t"].tensor().numel(), 2);
  for (const char* bad :
       {"", "{}", "[]", "{\"root\":1}", "{\"version\":2,\"root\":1}", "{\"version\":1}",
        "{\"version\":1,\"root\":1}x", "{\"version\":1,\"root\":1,\"root\":2}"}) {
    EXPECT_THROW(load(bad), wg::ValueError) << bad;
  }
  for (const char* bad :
       {"{}",
        "01",
        "1.",
        "-",
        "1e",
        "+1",
        "nan",
        "tru",
        "[1,]",
        "[1",
        "\"a",
        "1e999",
        "9223372036854775808",
        "{\"dict\":1}",
        "{\"dict\":[1]}",
        "{\"dict\":[[1]]}",
        "{\"dict\":[[1,2],[1,3]]}",
        "{\"dict\":[[null,2]]}",
        "{\"dict\":[[[],2]]}",
        "{\"tensor\":\"x\"}",
        "{\"tensor\":1}",
        "{\"same\":0}",
        "{\"same\":\"t\"}",
        "{\"float\":\"x\"}",
        "{\"float\":1}",
        "{\"float\":\"1 \"}",
        "{\"tuple\":3}",
        "{\"bytes\":\"\"}",
        "{\"complex\":[\"1.0\",\"2.0\"]}",
        "{\"int\":\"0x1\"}",
        "{\"tensor\":\"t\",\"complex128\":true}",
        "{\"sparse\":1}",
        "{\"sparse\":{\"tensor\":\"t\"}}",
        "{\"sparse\":{\"tensor\":\"t\"},\"values\":{\"tensor\":\"t\"},\"size\":[2]}"}) {
    EXPECT_THROW(load_root(bad), wg::ValueError) << bad;
  }
  EXPECT_THROW(load_root(std::string(100000, '[')), wg::ValueError);
  EXPECT_THROW(load_root(std::string(250, '[') + std::string(250, ']')), wg::ValueError);
  const std::string sparse =
      "{\"dict\":[[\"i\",{\"sparse\":{\"tensor\":\"i\"},\"values\":{\"tensor\":\"v\"},\"size\":[";
  wg::TensorMap parts{{"i", wg::tensor({int64_t{0}, int64_t{3}}).reshape({1, 2})},
                      {"v", wg::ones({2, 2})}};
  const auto load_sparse = [&](const std::string& size) {
    wg::io::save(path_, parts,
                 {{"wengert", "{\"version\":1,\"root\":" + sparse + size + "]}]]}}"}});
    return wg::io::load_value(path_);
  };
  EXPECT_EQ(load_sparse("4,2")["i"].tensor().shape(), wg::Dims({4, 2}));
  for (const char* size : {"3,2", "4,3", "4", "4,2,1", "-4,2", "", "4.0,2"}) {
    EXPECT_THROW(load_sparse(size), wg::ValueError) << size;
  }
}

// Whatever happens to the bytes of a file, it is loaded or refused.
TEST_F(Values, AnyBytes) {
  wg::io::save_value(
      path_,
      Value::dict(
          {{"state",
            Value::dict({{0, wg::TensorMap{{"a", wg::ones({3})}, {"b", wg::zeros({2, 2})}}}})},
           {"groups", Value::list({Value::dict(
                          {{"lr", 0.1}, {"betas", Value::tuple({0.9, 1})}, {"x", INFINITY}})})}}));
  std::ifstream in(path_, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(in), {}};
  std::mt19937 random(1);
  int refused = 0;
  const int tries = 1000;
  for (int i = 0; i < tries; ++i) {
    std::string bad = good;
    if (i % 10 == 0) {
      bad.resize(random() % good.size());
    } else {
      for (int k = 0; k <= i % 3; ++k) bad[random() % bad.size()] = static_cast<char>(random());
    }
    std::ofstream(path_, std::ios::binary) << bad;
    try {
      wg::io::load_value(path_);
    } catch (const wg::ValueError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, tries / 2);
  EXPECT_LT(refused, tries);
}

}  // namespace
