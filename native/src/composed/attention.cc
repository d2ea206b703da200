// Attention of packed rows by libtorch's own operators: see kernels/packed_attention.cc and decode_attention.cc for what they compute.

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/TensorIndexing.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "composed/composed.h"
#include "composed/remembered.h"

namespace tunesmith {
namespace {

struct Settings {
  double scale;
  std::optional<int64_t> window;
  std::optional<double> softcap;
};

/// What tells kinds of remembered tensors apart.
enum Kind : int64_t { starts, rowPlaces, slotPlaces, lengthMask };

at::Tensor onDevice(Kind kind, at::IntArrayRef numbers, at::ScalarType type, at::Device device) {
  std::vector<int64_t> key{kind};
  key.insert(key.end(), numbers.begin(), numbers.end());
  return Remembered::ofThread().get(key, device, [&] { return at::tensor(numbers, type).to(device); });
}

/// bool [count, past + count]: which places each of the last `count` places of a row may see.
at::Tensor causalMask(int64_t past, int64_t count, std::optional<int64_t> window, at::Device device) {
  const auto options = at::TensorOptions(at::kLong).device(device);
  const auto seen = at::arange(past + count, options).unsqueeze(0), own = at::arange(past, past + count, options).unsqueeze(1);
  const auto before = seen <= own;
  return window ? before.logical_and(seen > own - *window) : before;
}

/// query [batch, heads, n, headDim], key and value [batch, keyValueHeads, m, headDim]; the mask broadcasts to [batch, heads, n, m].
at::Tensor attendBatch(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const std::optional<at::Tensor>& mask, bool causal, const Settings& settings) {
  const bool grouped = query.size(1) != key.size(1);
  if (!settings.softcap) return at::scaled_dot_product_attention(query, key, value, mask, 0, causal, settings.scale, grouped);
  const int64_t repeats = query.size(1) / key.size(1);
  const auto k = grouped ? key.repeat_interleave(repeats, 1) : key, v = grouped ? value.repeat_interleave(repeats, 1) : value;
  auto scores = at::tanh(at::matmul(query, k.transpose(2, 3)) * (settings.scale / *settings.softcap)) * *settings.softcap;
  if (mask) scores = mask->scalar_type() == at::kBool ? scores.masked_fill(mask->logical_not(), -std::numeric_limits<double>::infinity()) : scores + *mask;
  return at::matmul(at::softmax(scores, -1), v);
}

/// One row: query [n, heads, headDim] at the last n places of key, value [m, keyValueHeads, headDim] -> [n, heads, headDim]
at::Tensor attendRow(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const Settings& settings) {
  const int64_t count = query.size(0), past = key.size(0) - count;
  const bool windowed = settings.window && *settings.window < key.size(0);
  const bool plainlyCausal = past == 0 && !windowed && !settings.softcap;
  std::optional<at::Tensor> mask;
  if (!plainlyCausal && (count > 1 || windowed)) mask = causalMask(past, count, windowed ? settings.window : std::nullopt, query.device());
  const auto heads = [](const at::Tensor& row) { return row.transpose(0, 1).unsqueeze(0); };
  return attendBatch(heads(query), heads(key), heads(value), mask, plainlyCausal && count > 1, settings).squeeze(0).transpose(0, 1);
}

std::vector<int64_t> lengthsOf(at::IntArrayRef boundaries) {
  std::vector<int64_t> lengths;
  for (size_t row = 1; row < boundaries.size(); row++) lengths.push_back(boundaries[row] - boundaries[row - 1]);
  return lengths;
}

/// Whether libtorch's flash attention takes rows of many lengths as they are packed.
bool flashServes(const at::Tensor& query, const at::Tensor& value, const Settings& settings) {
  const auto type = query.scalar_type();
  return query.is_cuda() && (type == at::kBFloat16 || type == at::kHalf) && !settings.softcap && query.size(2) % 8 == 0 && query.size(2) <= 256 && value.size(2) == query.size(2);
}

/// Whether operators give the same numbers again, while it lives. `always`: flash attention's gradient does only where anything else would be refused. `never`: where
/// the order of what is written cannot matter, and the ordered way would cost a sort.
class Order {
 public:
  enum Kind { always, never };
  explicit Order(Kind kind) : on_(at::globalContext().deterministicAlgorithms()), warns_(at::globalContext().deterministicAlgorithmsWarnOnly()) {
    at::globalContext().setDeterministicAlgorithms(kind == always, false);
  }
  ~Order() { at::globalContext().setDeterministicAlgorithms(on_, warns_); }
  Order(const Order&) = delete;

 private:
  bool on_, warns_;
};

class FlashAttention : public torch::autograd::Function<FlashAttention> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& starting, int64_t longest,
                            double scale, std::optional<int64_t> left, std::optional<int64_t> right) {
    at::AutoDispatchBelowADInplaceOrView below;
    auto [output, normalizers, state, offset, mask] = at::_flash_attention_forward(query, key, value, starting, starting, longest, longest, 0, true, false, scale, left, right);
    context->save_for_backward({query, key, value, output, normalizers, starting, state, offset});
    context->saved_data["longest"] = longest;
    context->saved_data["scale"] = scale;
    context->saved_data["left"] = left;
    context->saved_data["right"] = right;
    return output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    const auto saved = context->get_saved_variables();
    const int64_t longest = context->saved_data["longest"].toInt();
    const Order order(Order::always);
    const auto [query, key, value] = at::_flash_attention_backward(outputs[0].contiguous(), saved[0], saved[1], saved[2], saved[3], saved[4], saved[5], saved[5], longest, longest, 0, true, saved[6], saved[7],
                                                                   context->saved_data["scale"].toDouble(), context->saved_data["left"].toOptional<int64_t>(), context->saved_data["right"].toOptional<int64_t>());
    return {query, key, value, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

at::Tensor packed(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, at::IntArrayRef boundaries, double scale, std::optional<int64_t> window,
                  std::optional<double> softcap) {
  TORCH_CHECK(query.dim() == 3 && key.dim() == 3 && value.dim() == 3 && key.size(0) == query.size(0) && value.size(0) == query.size(0) && key.size(1) == value.size(1), "size mismatch: expected query [tokens, heads, headDim], key and value [tokens, keyValueHeads, headDim]");
  TORCH_CHECK(boundaries.size() > 1 && boundaries.front() == 0 && boundaries.back() == query.size(0), "boundaries: size mismatch: expected them to end at the number of tokens");
  const Settings settings{scale, window, softcap};
  const auto lengths = lengthsOf(boundaries);
  if (flashServes(query, value, settings)) {
    const auto starting = onDevice(starts, boundaries, at::kInt, query.device());
    const int64_t longest = *std::max_element(lengths.begin(), lengths.end());
    const auto left = window ? std::optional<int64_t>(*window - 1) : std::nullopt, right = window ? std::optional<int64_t>(0) : std::nullopt;
    return FlashAttention::apply(query, key, value, starting, longest, scale, left, right);
  }
  // Split rather than sliced: its gradient is one concatenation, that of slices a zero-filled copy of everything for each.
  const auto queries = query.split_with_sizes(lengths), keys = key.split_with_sizes(lengths), values = value.split_with_sizes(lengths);
  std::vector<at::Tensor> rows;
  for (size_t row = 0; row < lengths.size(); row++)
    if (lengths[row] > 0) rows.push_back(attendRow(queries[row], keys[row], values[row], settings));
  return at::cat(rows, 0);
}

at::Tensor continued(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, at::IntArrayRef boundaries, at::TensorList pastKeys, at::TensorList pastValues,
                     at::IntArrayRef stretches, at::IntArrayRef stretchEnds, double scale, std::optional<int64_t> window, std::optional<double> softcap) {
  std::vector<at::Tensor> rows;
  int64_t at = 0;
  for (size_t row = 0; row + 1 < boundaries.size(); row++) {
    const auto own = [&](const at::Tensor& tensor) { return tensor.slice(0, boundaries[row], boundaries[row + 1]); };
    std::vector<at::Tensor> keys, values;
    for (; at < stretchEnds[row]; at++) {
      keys.push_back(pastKeys[stretches[at * 3]].narrow(0, stretches[at * 3 + 1], stretches[at * 3 + 2]));
      values.push_back(pastValues[stretches[at * 3]].narrow(0, stretches[at * 3 + 1], stretches[at * 3 + 2]));
    }
    keys.push_back(own(key));
    values.push_back(own(value));
    rows.push_back(attendRow(own(query), at::cat(keys, 0), at::cat(values, 0), {scale, window, softcap}));
  }
  return at::cat(rows, 0);
}

/// [rows, 1, 1, longest + 1]: what a token after so many sees of its row, 0, and does not, -infinity: added to scores of that type. Rows begin at places that
/// libtorch's attention need not copy the mask for.
at::Tensor maskOfLengths(at::IntArrayRef lengths, int64_t longest, std::optional<int64_t> window, const at::Tensor& like) {
  std::vector<int64_t> key{lengthMask, window.value_or(0), static_cast<int64_t>(like.scalar_type())};
  key.insert(key.end(), lengths.begin(), lengths.end());
  return Remembered::ofThread().get(key, like.device(), [&] {
    const int64_t room = (longest + 8) / 8 * 8;
    const auto own = at::tensor(lengths, at::kLong).to(like.device()).unsqueeze(1), place = at::arange(room, own.options()).unsqueeze(0);
    auto closed = place > own;
    if (window) closed = closed.logical_or(place <= own - *window);
    const auto mask = at::zeros(closed.sizes(), like.options()).masked_fill_(closed, -std::numeric_limits<double>::infinity());
    return mask.narrow(1, 0, longest + 1).unsqueeze(1).unsqueeze(1);
  });
}

at::Tensor decode(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, at::Tensor& keys, at::Tensor& values, at::IntArrayRef cacheRows, at::IntArrayRef lengths,
                  double scale, std::optional<int64_t> window, std::optional<double> softcap) {
  using namespace at::indexing;
  const int64_t rows = query.size(0), keyValueHeads = key.size(1), group = query.size(1) / keyValueHeads;
  TORCH_CHECK(static_cast<int64_t>(cacheRows.size()) == rows && lengths.size() == cacheRows.size(), "size mismatch: expected one place and one length for each row");
  const auto row = onDevice(rowPlaces, cacheRows, at::kLong, query.device()), slot = onDevice(slotPlaces, lengths, at::kLong, query.device());
  bool inOrder = true;
  for (int64_t i = 0; i < rows; i++) inOrder = inOrder && cacheRows[i] == i;
  const int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  const bool alike = *std::min_element(lengths.begin(), lengths.end()) == longest;
  const auto write = [&](at::Tensor& cache, const at::Tensor& fresh) {
    if (inOrder && alike) {
      cache.narrow(0, 0, rows).select(2, longest).copy_(fresh);
    } else {
      const Order order(Order::never);  // no two rows have the same place
      cache.index_put_({row, Slice(), slot}, fresh);
    }
  };
  write(keys, key);
  write(values, value);
  const auto held = [&](const at::Tensor& cache) { return (inOrder ? cache.narrow(0, 0, rows) : cache.index_select(0, row)).narrow(2, 0, longest + 1); };
  const bool even = alike && !(window && *window <= longest);
  std::optional<at::Tensor> mask;
  if (!even) mask = maskOfLengths(lengths, longest, window, query);
  // The query heads that share a key head stand as so many queries of it: one product for all, and nothing is repeated.
  const auto attended = attendBatch(query.reshape({rows, keyValueHeads, group, query.size(2)}), held(keys), held(values), mask, false, {scale, window, softcap});
  return attended.reshape(query.sizes());
}

}  // namespace

TUNESMITH_COMPOSED(packed_attention, packed)
TUNESMITH_COMPOSED(continued_attention, continued)
TUNESMITH_COMPOSED(decode_attention, decode)

}  // namespace tunesmith
