// Causal attention of packed rows: each row over itself only, nothing padded, nothing copied in front (query, key and value may be views of one
// joined product). Blocks of scores live in the caches (FlashAttention, arXiv 2205.14135 and 2307.08691): forward keeps the log-sum-exp of each
// query; backward makes the scores again from it, the other way round (keys down, queries across), so that they are left factors as they come.
//
//   forward    S = s Q Kᵀ,  P = exp(S - max),  O = P V / sum,  lse = max + log(sum)
//   backward   Pᵀ = exp(s K Qᵀ - lse),  dV += Pᵀ dO,  dSᵀ = s Pᵀ ∘ (V dOᵀ - δ),  dK += dSᵀ Q,  dQᵀ += Kᵀ dSᵀ,  δ = rowsum(dO ∘ O)
//
// A task is one query head of one row, or of some rows that continue the same past. It sums in a fixed order, blocks of keys counted from the beginning of
// the past, so that results neither depend on the threads nor on the rows beside it, nor on how much of a row was computed before.
// With a soft cap c a score s becomes c tanh(s / c), whose slope is 1 - tanh².

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/dispatch_types.h"
#include "kernels/share_out.h"
#include "kernels/tile_products.h"

namespace tunesmith {
namespace {

constexpr int64_t queryBlock = 64, keyBlock = 128;
// Sizes of blocks are rounded up to these: libtorch makes code for each size that it meets.
constexpr int64_t queryStep = 16, keyStep = 32, dimStep = 16;

/// Tokens before a row that were computed earlier: some of the tokens of a tensor of keys and of one of values.
struct Stretch {
  int64_t tensor, start, count;
  bool operator==(const Stretch& other) const { return tensor == other.tensor && start == other.start && count == other.count; }
};

struct Settings {
  double scale;
  int64_t window;  // a token sees itself and the window - 1 before it; 0: all
  double softcap;  // 0: none
};

/// The rows of a batch, and how a task finds its own.
struct Rows {
  std::vector<int64_t> starts;
  int64_t heads;
  std::vector<int64_t> paddedStarts;  // as if each row had a multiple of keyStep tokens

  int64_t count() const { return static_cast<int64_t>(starts.size()) - 1; }
  int64_t length(int64_t row) const { return starts[row + 1] - starts[row]; }
  int64_t padded() const { return paddedStarts.back(); }
  int64_t longest() const {
    int64_t most = 0;
    for (int64_t row = 0; row < count(); row++) most = std::max(most, length(row));
    return most;
  }
};

Rows rowsOf(c10::IntArrayRef boundaries, int64_t heads) {
  Rows rows{boundaries.vec(), heads, {0}};
  for (int64_t row = 0; row < rows.count(); row++) rows.paddedStarts.push_back(rows.paddedStarts.back() + roundUp(rows.length(row), keyStep));
  return rows;
}

void check(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, c10::IntArrayRef boundaries, const std::optional<int64_t>& window) {
  TORCH_CHECK(query.dim() == 3 && key.dim() == 3 && value.dim() == 3, "size mismatch: expected query [tokens, heads, dim], key and value [tokens, key_value_heads, dim]");
  TORCH_CHECK(key.size(0) == query.size(0) && value.size(0) == query.size(0), "size mismatch: expected as many tokens in key and value as in query");
  TORCH_CHECK(key.size(2) == query.size(2), "size mismatch: expected the same head dimension in key as in query");
  TORCH_CHECK(key.size(1) == value.size(1) && key.size(1) > 0 && query.size(1) % key.size(1) == 0,
              "size mismatch: expected as many heads in value as in key, and in query a multiple of them");
  TORCH_CHECK(query.scalar_type() == key.scalar_type() && query.scalar_type() == value.scalar_type(), "query, key and value: expected the same dtype");
  TORCH_CHECK(at::isFloatingType(query.scalar_type()), "query: expected a floating-point dtype");
  TORCH_CHECK(query.is_cpu() && key.is_cpu() && value.is_cpu(), "expected tensors on the CPU: this kernel has no version for another device");
  TORCH_CHECK(!boundaries.empty() && boundaries.front() == 0 && boundaries.back() == query.size(0) && std::is_sorted(boundaries.begin(), boundaries.end()),
              "boundaries: size mismatch: expected 0, then where each row ends, up to the ", query.size(0), " tokens");
  TORCH_CHECK(!window || *window > 0, "window: expected a positive number of tokens or none, got ", window.value_or(0));
}

/// Numbers of one head lie side by side; tokens and heads may be anywhere.
at::Tensor readable(const at::Tensor& tensor) { return tensor.stride(2) == 1 || tensor.size(2) == 1 ? tensor : tensor.contiguous(); }

template <typename scalar_t>
struct Heads {
  const scalar_t* data;
  int64_t tokenStride, headStride;

  explicit Heads(const at::Tensor& tensor) : data(tensor.const_data_ptr<scalar_t>()), tokenStride(tensor.stride(0)), headStride(tensor.stride(1)) {}
  const scalar_t* at(int64_t token, int64_t head) const { return data + token * tokenStride + head * headStride; }
};

/// This thread's memory, cut into aligned pieces; one at a time. Tensors in its place cost sixteen threads more than the attention itself: each took and
/// returned one in every call, under the one lock of the allocator.
class Scratch {
 public:
  explicit Scratch(int64_t bytes) : next_(memoryOfThread(static_cast<size_t>(bytes) + 64)) {}
  template <typename T>
  T* take(int64_t count) {
    auto* taken = reinterpret_cast<T*>((reinterpret_cast<uintptr_t>(next_) + 63) / 64 * 64);
    next_ = reinterpret_cast<char*>(taken + count);
    return taken;
  }

 private:
  static char* memoryOfThread(size_t bytes) {
    thread_local std::vector<char> memory;
    if (memory.size() < bytes) memory.resize(bytes);
    return memory.data();
  }

  char* next_;
};

/// Which keys of a block that begins at `first` a query at `place` may see, as [low, high) within the block.
inline std::pair<int64_t, int64_t> visible(int64_t place, int64_t first, int64_t count, int64_t window) {
  const int64_t low = window > 0 ? std::max<int64_t>(0, place - window + 1 - first) : 0;
  return {low, std::min(count, place + 1 - first)};
}

template <typename Number>
inline Pack<Number> capped(const Pack<Number>& scores, double softcap) {
  const Pack<Number> cap(static_cast<Number>(softcap)), down(static_cast<Number>(1 / softcap));
  const auto inner = scores * down;
  return Pack<Number>(inner.low.tanh(), inner.high.tanh()) * cap;
}

/// What comes before the rows, in the stretches of each.
struct Pasts {
  std::vector<at::Tensor> keys, values;  // [tokens, key_value_heads, dim] each
  std::vector<std::vector<Stretch>> ofRows;

  int64_t length(int64_t row) const {
    int64_t sum = 0;
    if (!ofRows.empty())
      for (const auto& stretch : ofRows[row]) sum += stretch.count;
    return sum;
  }
};

/// Rows [first, last) that one task takes: they continue the same past, which is packed once for them.
struct Company {
  int64_t first, last, past;
};

constexpr int64_t companyRows = 8;  // more share the packing, fewer share out the work

std::vector<Company> companiesOf(const Rows& rows, const Pasts& pasts) {
  std::vector<Company> companies;
  for (int64_t row = 0; row < rows.count(); row++) {
    const int64_t past = pasts.length(row);
    if (past > 0 && !companies.empty() && companies.back().last - companies.back().first < companyRows && pasts.ofRows[row] == pasts.ofRows[companies.back().first])
      companies.back().last++;
    else
      companies.push_back({row, row + 1, past});
  }
  return companies;
}

template <typename scalar_t, typename Element>
void forwardKernel(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const Rows& rows, const Pasts& pasts, const Settings& settings, at::Tensor& output,
                   at::Tensor& normalizers) {
  using Number = at::opmath_type<Element>;
  using Wide = Pack<Number>;
  using Narrow = Pack<Element>;
  using T = Tiles<Element>;
  const int64_t heads = query.size(1), group = heads / key.size(1), dim = query.size(2), valueDim = value.size(2);
  const auto companies = companiesOf(rows, pasts);
  int64_t furthest = 0;
  for (int64_t row = 0; row < rows.count(); row++) furthest = std::max(furthest, pasts.length(row) + rows.length(row));
  const int64_t d = roundUp(dim, dimStep), dv = roundUp(valueDim, dimStep), longest = roundUp(furthest, keyBlock);
  const Heads<scalar_t> q(query), k(key), v(value);
  std::vector<Heads<scalar_t>> pastKeys, pastValues;
  for (const auto& tensor : pasts.keys) pastKeys.emplace_back(tensor);
  for (const auto& tensor : pasts.values) pastValues.emplace_back(tensor);
  auto* out = output.mutable_data_ptr<scalar_t>();
  auto* lse = normalizers.mutable_data_ptr<Number>();

  // Tokens [from, to) of what comes before a row, one under another.
  const auto copyPast = [&](const std::vector<Heads<scalar_t>>& tensors, int64_t row, int64_t head, int64_t from, int64_t to, int64_t width, Element* target, int64_t toWidth) {
    int64_t place = 0;
    for (const auto& stretch : pasts.ofRows[row]) {
      const int64_t begin = std::max(from, place), end = std::min(to, place + stretch.count);
      const auto& tensor = tensors[stretch.tensor];
      if (begin < end) T::copyRows(tensor.at(stretch.start + begin - place, head), tensor.tokenStride, end - begin, width, target + (begin - from) * toWidth, end - begin, toWidth);
      place += stretch.count;
    }
  };

  struct State {
    Element *rowsIn, *keys, *values, *queries, *weights;
    Number *scores, *sums;
    Scratch scratch;
  };
  const auto makeState = [&] {
    const int64_t elements = longest * std::max(d, dv) + longest * d + longest * dv + queryBlock * d + queryBlock * keyBlock;
    const int64_t numbers = queryBlock * keyBlock + queryBlock * dv;
    Scratch scratch(elements * static_cast<int64_t>(sizeof(Element)) + numbers * static_cast<int64_t>(sizeof(Number)) + 16 * 64);
    auto* rowsIn = scratch.take<Element>(longest * std::max(d, dv));
    auto* keys = scratch.take<Element>(longest * d);
    auto* values = scratch.take<Element>(longest * dv);
    auto* queries = scratch.take<Element>(queryBlock * d);
    auto* weights = scratch.take<Element>(queryBlock * keyBlock);
    auto* scores = scratch.take<Number>(queryBlock * keyBlock);
    auto* sums = scratch.take<Number>(queryBlock * dv);
    return State{rowsIn, keys, values, queries, weights, scores, sums, std::move(scratch)};
  };

  // Keys of the tokens in rowsIn to their blocks, each [d, keyBlock], from a token on where a block begins; then values likewise.
  const auto packKeys = [&](State& s, int64_t at, int64_t padded) {
    for (int64_t first = 0; first < padded; first += keyBlock) T::packTransposed(s.rowsIn + first * d, d, std::min(keyBlock, padded - first), d, s.keys + (at + first) * d, keyBlock);
  };
  const auto packValues = [&](State& s, int64_t at, int64_t padded) { T::packRows(s.rowsIn, dv, padded, dv, s.values + at * dv, dv); };

  const auto attendRow = [&](State& s, int64_t row, int64_t head, int64_t past) {
    const int64_t start = rows.starts[row], length = rows.length(row), whole = past / keyBlock * keyBlock, rest = past - whole, padded = roundUp(rest + length, keyStep);
    if (length == 0) return;
    if (rest > 0) copyPast(pastKeys, row, head / group, whole, past, dim, s.rowsIn, d);
    T::copyRows(k.at(start, head / group), k.tokenStride, length, dim, s.rowsIn + rest * d, padded - rest, d);
    packKeys(s, whole, padded);
    if (rest > 0) copyPast(pastValues, row, head / group, whole, past, valueDim, s.rowsIn, dv);
    T::copyRows(v.at(start, head / group), v.tokenStride, length, valueDim, s.rowsIn + rest * dv, padded - rest, dv);
    packValues(s, whole, padded);

    for (int64_t begin = 0; begin < length; begin += queryBlock) {
      const int64_t count = std::min(queryBlock, length - begin), height = roundUp(count, queryStep);
      T::copyRows(q.at(start + begin, head), q.tokenStride, count, dim, s.queries, height, d);
      std::fill_n(s.sums, height * dv, Number(0));
      std::fill_n(s.weights, queryBlock * keyBlock, Element(0));
      Number most[queryBlock], total[queryBlock];
      std::fill_n(most, queryBlock, -std::numeric_limits<Number>::infinity());
      std::fill_n(total, queryBlock, Number(0));

      const int64_t place = past + begin;  // of the first query
      const int64_t firstSeen = settings.window > 0 ? std::max<int64_t>(0, place - settings.window + 1) / keyBlock * keyBlock : 0;
      for (int64_t first = firstSeen; first < place + count; first += keyBlock) {
        const int64_t breadth = std::min(keyBlock, roundUp(place + count - first, keyStep));
        T::product(height, breadth, d, s.queries, d, s.keys + first * d, keyBlock, s.scores, keyBlock, false);
        for (int64_t i = 0; i < count; i++) {
          const auto [low, high] = visible(place + i, first, breadth, settings.window);
          Element* weights = s.weights + i * keyBlock;
          if (high <= low) {
            std::fill_n(weights, breadth, Element(0));
            continue;
          }
          Number* scores = s.scores + i * keyBlock + low;
          const Wide scaling(static_cast<Number>(settings.scale));
          Wide highest(-std::numeric_limits<Number>::infinity());
          sweep<Number>(high - low, [&](int64_t at, int64_t n) {
            auto x = Wide::load(scores + at, n) * scaling;
            if (settings.softcap > 0) x = capped(x, settings.softcap);
            x.store(scores + at, n);
            highest = highest.maximum(x, n);
          });
          const Number now = std::max(most[i], highest.largest());
          const Number correction = std::exp(most[i] - now);
          const Wide shift(now);
          Wide sum(0);
          sweep<Number>(high - low, [&](int64_t at, int64_t n) {
            const auto x = (Wide::load(scores + at, n) - shift).exponential();
            sum = sum.plus(x, n);
            Narrow(x.low, x.high).store(weights + low + at, n);
          });
          std::fill_n(weights, low, Element(0));
          std::fill(weights + high, weights + breadth, Element(0));
          if (total[i] != 0 && correction != 1) {
            const Wide factor(correction);
            Number* sums = s.sums + i * dv;
            sweep<Number>(dv, [&](int64_t at, int64_t n) { (Wide::load(sums + at, n) * factor).store(sums + at, n); });
          }
          total[i] = total[i] * (total[i] != 0 ? correction : Number(0)) + sum.sum();
          most[i] = now;
        }
        T::product(height, dv, breadth, s.weights, keyBlock, s.values + first * dv, dv, s.sums, dv, true);
      }
      for (int64_t i = 0; i < count; i++) {
        const int64_t token = start + begin + i;
        scalar_t* to = out + (token * heads + head) * valueDim;
        const Number* sums = s.sums + i * dv;
        const Wide factor(Number(1) / total[i]);
        sweep<Number>(valueDim, [&](int64_t at, int64_t n) {
          const auto x = Wide::load(sums + at, n) * factor;
          if constexpr (std::is_same_v<scalar_t, double> == std::is_same_v<Number, double>) Pack<scalar_t>(x.low, x.high).store(to + at, n);
        });
        lse[token * heads + head] = most[i] + std::log(total[i]);
      }
    }
  };

  forEachTaskWith(makeState, static_cast<int64_t>(companies.size()) * heads, [&](int64_t task, State& s) {
    const auto& company = companies[task / heads];
    const int64_t head = task % heads, whole = company.past / keyBlock * keyBlock;
    if (whole > 0) {
      copyPast(pastKeys, company.first, head / group, 0, whole, dim, s.rowsIn, d);
      packKeys(s, 0, whole);
      copyPast(pastValues, company.first, head / group, 0, whole, valueDim, s.rowsIn, dv);
      packValues(s, 0, whole);
    }
    for (int64_t row = company.first; row < company.last; row++) attendRow(s, row, head, company.past);
    T::done();
  });
}

template <typename scalar_t, typename Element>
void backwardKernel(const at::Tensor& outputGradient, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& output,
                    const at::Tensor& normalizers, const Rows& rows, const Settings& settings, at::Tensor& queryGradient, at::Tensor& keyGradient, at::Tensor& valueGradient) {
  using Number = at::opmath_type<Element>;
  using Wide = Pack<Number>;
  using Narrow = Pack<Element>;
  using T = Tiles<Element>;
  const int64_t heads = query.size(1), keyHeads = key.size(1), group = heads / keyHeads, dim = query.size(2), valueDim = value.size(2);
  const int64_t d = roundUp(dim, dimStep), dv = roundUp(valueDim, dimStep), longest = roundUp(rows.longest(), keyBlock);
  const Heads<scalar_t> q(query), k(key), v(value), dO(outputGradient), o(output);
  const auto* lse = normalizers.const_data_ptr<Number>();
  auto* dq = queryGradient.mutable_data_ptr<scalar_t>();
  auto* dk = keyGradient.mutable_data_ptr<scalar_t>();
  auto* dvOut = valueGradient.mutable_data_ptr<scalar_t>();
  // What each query head adds to its key head, summed afterwards head by head.
  auto keySums = at::empty({heads, rows.padded(), d}, normalizers.options()), valueSums = at::empty({heads, rows.padded(), dv}, normalizers.options());
  auto* keyParts = keySums.mutable_data_ptr<Number>();
  auto* valueParts = valueSums.mutable_data_ptr<Number>();

  struct State {
    Element *keys, *values, *keysAcross, *rowsIn, *queriesAcross, *queriesDown, *aboveAcross, *aboveDown, *weights, *slopes, *slopesPacked;
    Number *scores, *above, *sums;
    Scratch scratch;
  };
  const auto makeState = [&] {
    const int64_t elements = longest * (2 * d + dv) + queryBlock * (std::max(d, dv) + 2 * d + 2 * dv) + 3 * keyBlock * queryBlock;
    const int64_t numbers = 2 * keyBlock * queryBlock + d * queryBlock;
    Scratch scratch(elements * static_cast<int64_t>(sizeof(Element)) + numbers * static_cast<int64_t>(sizeof(Number)) + 32 * 64);
    const auto element = [&](int64_t count) { return scratch.take<Element>(count); };
    const auto number = [&](int64_t count) { return scratch.take<Number>(count); };
    State s{element(longest * d), element(longest * dv), element(longest * d), element(queryBlock * std::max(d, dv)), element(queryBlock * d), element(queryBlock * d),
            element(queryBlock * dv), element(queryBlock * dv), element(keyBlock * queryBlock), element(keyBlock * queryBlock), element(keyBlock * queryBlock),
            number(keyBlock * queryBlock), number(keyBlock * queryBlock), number(d * queryBlock), scratch};
    return s;
  };

  forEachTaskWith(makeState, rows.count() * heads, [&](int64_t task, State& s) {
    const int64_t row = task / heads, head = task % heads, start = rows.starts[row], length = rows.length(row), padded = roundUp(length, keyStep);
    if (length == 0) return;
    T::copyRows(k.at(start, head / group), k.tokenStride, length, dim, s.keys, padded, d);
    T::copyRows(v.at(start, head / group), v.tokenStride, length, valueDim, s.values, padded, dv);
    for (int64_t first = 0; first < padded; first += keyBlock)  // each block [d, keyBlock]
      T::transpose(s.keys + first * d, d, std::min(keyBlock, padded - first), d, s.keysAcross + first * d, keyBlock);
    Number* keyPart = keyParts + (head * rows.padded() + rows.paddedStarts[row]) * d;
    Number* valuePart = valueParts + (head * rows.padded() + rows.paddedStarts[row]) * dv;
    std::fill_n(keyPart, padded * d, Number(0));
    std::fill_n(valuePart, padded * dv, Number(0));

    for (int64_t begin = 0; begin < length; begin += queryBlock) {
      const int64_t count = std::min(queryBlock, length - begin), breadth = roundUp(count, queryStep);
      T::copyRows(q.at(start + begin, head), q.tokenStride, count, dim, s.rowsIn, breadth, d);
      T::packTransposed(s.rowsIn, d, breadth, d, s.queriesAcross, queryBlock);
      T::packRows(s.rowsIn, d, breadth, d, s.queriesDown, d);
      T::copyRows(dO.at(start + begin, head), dO.tokenStride, count, valueDim, s.rowsIn, breadth, dv);
      T::packTransposed(s.rowsIn, dv, breadth, dv, s.aboveAcross, queryBlock);
      T::packRows(s.rowsIn, dv, breadth, dv, s.aboveDown, dv);
      // Per query, along the lanes. Queries that are not there get weights of 0.
      alignas(64) Number normalizer[queryBlock], delta[queryBlock];
      std::fill_n(normalizer, queryBlock, Number(0));
      std::fill_n(delta, queryBlock, Number(0));
      for (int64_t i = 0; i < count; i++) {
        const int64_t token = start + begin + i;
        normalizer[i] = lse[token * heads + head];
        const scalar_t *upper = dO.at(token, head), *result = o.at(token, head);
        Pack<scalar_t> products(0);
        sweep<scalar_t>(valueDim, [&](int64_t at, int64_t n) { products = Pack<scalar_t>::load(upper + at, n).times(Pack<scalar_t>::load(result + at, n), products); });
        delta[i] = static_cast<Number>(products.sum());
      }

      const int64_t firstSeen = settings.window > 0 ? std::max<int64_t>(0, begin - settings.window + 1) / keyBlock * keyBlock : 0;
      for (int64_t first = firstSeen; first < begin + count; first += keyBlock) {
        const int64_t height = std::min(keyBlock, roundUp(begin + count - first, keyStep));
        T::product(height, breadth, d, s.keys + first * d, d, s.queriesAcross, queryBlock, s.scores, queryBlock, false);
        T::product(height, breadth, dv, s.values + first * dv, dv, s.aboveAcross, queryBlock, s.above, queryBlock, false);
        const Wide scaling(static_cast<Number>(settings.scale));
        for (int64_t j = 0; j < height; j++) {
          // The queries that see this key.
          const int64_t place = first + j, low = std::max<int64_t>(0, place - begin);
          const int64_t high = place >= length ? 0 : settings.window > 0 ? std::min(count, place + settings.window - begin) : count;
          Element *weights = s.weights + j * queryBlock, *slopes = s.slopes + j * queryBlock;
          if (high <= low) {
            std::fill_n(weights, breadth, Element(0));
            std::fill_n(slopes, breadth, Element(0));
            continue;
          }
          const Number *scores = s.scores + j * queryBlock, *above = s.above + j * queryBlock;
          sweep<Number>(breadth, [&](int64_t at, int64_t n) {
            auto x = Wide::load(scores + at, n) * scaling;
            Wide slope = scaling;
            if (settings.softcap > 0) {
              x = capped(x, settings.softcap);
              const auto t = x * Wide(static_cast<Number>(1 / settings.softcap));
              slope = (Wide(1) - t * t) * scaling;
            }
            const auto p = (x - Wide::load(normalizer + at, n)).exponential();
            const auto ds = p * (Wide::load(above + at, n) - Wide::load(delta + at, n)) * slope;
            Narrow(p.low, p.high).store(weights + at, n);
            Narrow(ds.low, ds.high).store(slopes + at, n);
          });
          std::fill_n(weights, low, Element(0));
          std::fill_n(slopes, low, Element(0));
          std::fill(weights + high, weights + breadth, Element(0));
          std::fill(slopes + high, slopes + breadth, Element(0));
        }
        T::product(height, dv, breadth, s.weights, queryBlock, s.aboveDown, dv, valuePart + first * dv, dv, true);
        T::product(height, d, breadth, s.slopes, queryBlock, s.queriesDown, d, keyPart + first * d, d, true);
        T::packRows(s.slopes, queryBlock, height, breadth, s.slopesPacked, queryBlock);
        T::product(d, breadth, height, s.keysAcross + first * d, keyBlock, s.slopesPacked, queryBlock, s.sums, queryBlock, first > firstSeen);
      }
      for (int64_t i = 0; i < count; i++) {
        scalar_t* to = dq + ((start + begin + i) * heads + head) * dim;
        for (int64_t at = 0; at < dim; at++) to[at] = static_cast<scalar_t>(s.sums[at * queryBlock + i]);
      }
    }
    T::done();
  });

  // Of each key head, the sum over its query heads.
  at::parallel_for(0, rows.count() * keyHeads, 1, [&](int64_t from, int64_t to) {
    for (int64_t task = from; task < to; task++) {
      const int64_t row = task / keyHeads, keyHead = task % keyHeads, start = rows.starts[row];
      const auto gather = [&](const Number* parts, int64_t width, int64_t stride, scalar_t* target) {
        for (int64_t place = 0; place < rows.length(row); place++) {
          scalar_t* out = target + ((start + place) * keyHeads + keyHead) * width;
          const Number* in = parts + (keyHead * group * rows.padded() + rows.paddedStarts[row] + place) * stride;
          sweep<Number>(width, [&](int64_t at, int64_t n) {
            auto sum = Wide::load(in + at, n);
            for (int64_t each = 1; each < group; each++) sum = sum + Wide::load(in + each * rows.padded() * stride + at, n);
            if constexpr (std::is_same_v<scalar_t, double> == std::is_same_v<Number, double>) Pack<scalar_t>(sum.low, sum.high).store(out + at, n);
          });
        }
      };
      gather(keyParts, dim, d, dk);
      gather(valueParts, valueDim, dv, dvOut);
    }
  });
}

Settings settingsOf(double scale, const std::optional<int64_t>& window, const std::optional<double>& softcap) { return {scale, window.value_or(0), softcap.value_or(0)}; }

/// The result, and the log-sum-exp of each query's scores [tokens, heads] in the type of the arithmetic.
std::tuple<at::Tensor, at::Tensor> attend(const at::Tensor& queryIn, const at::Tensor& keyIn, const at::Tensor& valueIn, c10::IntArrayRef boundaries, const Settings& settings,
                                          const Pasts& pasts = {}) {
  const auto query = readable(queryIn), key = readable(keyIn), value = readable(valueIn);
  const auto rows = rowsOf(boundaries, query.size(1));
  auto output = at::empty({query.size(0), query.size(1), value.size(2)}, query.options());
  auto normalizers = at::empty({query.size(0), query.size(1)}, query.options().dtype(at::toOpMathType(query.scalar_type())));
  TUNESMITH_DISPATCH(query.scalar_type(), "packed_attention", [&] {
    withTileElement<scalar_t>([&](auto element) { forwardKernel<scalar_t, decltype(element)>(query, key, value, rows, pasts, settings, output, normalizers); });
  });
  return {output, normalizers};
}

at::Tensor plain(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, c10::IntArrayRef boundaries, double scale, std::optional<int64_t> window,
                 std::optional<double> softcap) {
  check(query, key, value, boundaries, window);
  return std::get<0>(attend(query, key, value, boundaries, settingsOf(scale, window, softcap)));
}

/// Stretches as triples (tensor, start, count), those of row r ending at ends[r].
Pasts pastsOf(at::TensorList keys, at::TensorList values, c10::IntArrayRef stretches, c10::IntArrayRef ends, const at::Tensor& key, const at::Tensor& value, int64_t rows) {
  TORCH_CHECK(keys.size() == values.size(), "past_values: expected one for each of past_keys");
  TORCH_CHECK(static_cast<int64_t>(ends.size()) == rows && std::is_sorted(ends.begin(), ends.end()) && (ends.empty() || (ends.front() >= 0 && ends.back() * 3 == static_cast<int64_t>(stretches.size()))),
              "stretch_ends: size mismatch: expected where the stretches of each of ", rows, " rows end, of ", stretches.size() / 3);
  Pasts pasts;
  for (size_t i = 0; i < keys.size(); i++) {
    TORCH_CHECK(keys[i].dim() == 3 && values[i].dim() == 3 && keys[i].size(0) == values[i].size(0), "past_keys: size mismatch: expected [tokens, key_value_heads, dim], and as many tokens in past_values");
    TORCH_CHECK(keys[i].size(1) == key.size(1) && keys[i].size(2) == key.size(2) && values[i].size(1) == value.size(1) && values[i].size(2) == value.size(2), "past_keys: size mismatch: expected heads as in key and value");
    TORCH_CHECK(keys[i].scalar_type() == key.scalar_type() && values[i].scalar_type() == key.scalar_type() && keys[i].is_cpu() && values[i].is_cpu(), "past_keys: expected the dtype of key, on the CPU");
    pasts.keys.push_back(readable(keys[i]));
    pasts.values.push_back(readable(values[i]));
  }
  int64_t at = 0;
  for (const int64_t end : ends) {
    std::vector<Stretch> own;
    for (; at < end; at++) {
      const Stretch stretch{stretches[at * 3], stretches[at * 3 + 1], stretches[at * 3 + 2]};
      TORCH_CHECK(stretch.tensor >= 0 && stretch.tensor < static_cast<int64_t>(keys.size()) && stretch.start >= 0 && stretch.count > 0 && stretch.start + stretch.count <= keys[stretch.tensor].size(0),
                  "stretches: size mismatch: expected tokens that past_keys have");
      own.push_back(stretch);
    }
    pasts.ofRows.push_back(std::move(own));
  }
  return pasts;
}

at::Tensor continued(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, c10::IntArrayRef boundaries, at::TensorList pastKeys, at::TensorList pastValues,
                     c10::IntArrayRef stretches, c10::IntArrayRef stretchEnds, double scale, std::optional<int64_t> window, std::optional<double> softcap) {
  check(query, key, value, boundaries, window);
  const auto pasts = pastsOf(pastKeys, pastValues, stretches, stretchEnds, key, value, static_cast<int64_t>(boundaries.size()) - 1);
  return std::get<0>(attend(query, key, value, boundaries, settingsOf(scale, window, softcap), pasts));
}

at::Tensor refuseGradient(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, c10::IntArrayRef boundaries, at::TensorList pastKeys, at::TensorList pastValues,
                          c10::IntArrayRef stretches, c10::IntArrayRef stretchEnds, double scale, std::optional<int64_t> window, std::optional<double> softcap) {
  TORCH_CHECK(!at::GradMode::is_enabled() || !(query.requires_grad() || key.requires_grad() || value.requires_grad()),
              "continued_attention has no gradient: it is for inference. Use packed_attention over whole rows, or noGrad");
  at::AutoDispatchBelowADInplaceOrView below;
  return continued(query, key, value, boundaries, pastKeys, pastValues, stretches, stretchEnds, scale, window, softcap);
}

class PackedAttention : public torch::autograd::Function<PackedAttention> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, c10::IntArrayRef boundaries,
                            double scale, std::optional<int64_t> window, std::optional<double> softcap) {
    at::AutoDispatchBelowADInplaceOrView below;
    check(query, key, value, boundaries, window);
    auto [output, normalizers] = attend(query, key, value, boundaries, settingsOf(scale, window, softcap));
    context->save_for_backward({query, key, value, output, normalizers});
    context->saved_data["boundaries"] = boundaries.vec();
    context->saved_data["scale"] = scale;
    context->saved_data["window"] = window.value_or(0);
    context->saved_data["softcap"] = softcap.value_or(0);
    return output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    const auto saved = context->get_saved_variables();
    const auto query = readable(saved[0]), key = readable(saved[1]), value = readable(saved[2]), above = readable(outputs[0]);
    const auto boundaries = context->saved_data["boundaries"].toIntVector();
    const Settings settings{context->saved_data["scale"].toDouble(), context->saved_data["window"].toInt(), context->saved_data["softcap"].toDouble()};
    const auto rows = rowsOf(boundaries, query.size(1));
    auto queryGradient = at::empty(query.sizes(), query.options()), keyGradient = at::empty(key.sizes(), key.options()), valueGradient = at::empty(value.sizes(), value.options());
    TUNESMITH_DISPATCH(query.scalar_type(), "packed_attention_backward", [&] {
      withTileElement<scalar_t>([&](auto element) {
        backwardKernel<scalar_t, decltype(element)>(above, query, key, value, saved[3], saved[4], rows, settings, queryGradient, keyGradient, valueGradient);
      });
    });
    torch::autograd::variable_list gradients(7);
    gradients[0] = queryGradient;
    gradients[1] = keyGradient;
    gradients[2] = valueGradient;
    return gradients;
  }
};

at::Tensor withGradient(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, c10::IntArrayRef boundaries, double scale, std::optional<int64_t> window,
                        std::optional<double> softcap) {
  return PackedAttention::apply(query, key, value, boundaries, scale, window, softcap);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def("packed_attention(Tensor query, Tensor key, Tensor value, int[] boundaries, float scale, int? window=None, float? softcap=None) -> Tensor");
  library.def(
      "continued_attention(Tensor query, Tensor key, Tensor value, int[] boundaries, Tensor[] past_keys, Tensor[] past_values, int[] stretches, int[] stretch_ends, float scale, "
      "int? window=None, float? softcap=None) -> Tensor");
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) {
  library.impl("packed_attention", plain);
  library.impl("continued_attention", continued);
}
TORCH_LIBRARY_IMPL(tunesmith, AutogradCPU, library) {
  library.impl("packed_attention", withGradient);
  library.impl("continued_attention", refuseGradient);
}

}  // namespace tunesmith
