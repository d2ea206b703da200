// Linears that read the same input (one alone; query, key and value; gate and up), each with or without a low-rank update (arXiv 2106.09685):
//
//   y[:, columns of i] = x Wᵢᵀ + bᵢ + sᵢ (x Aᵢᵀ) Bᵢᵀ
//   dx = Σ dyᵢ Wᵢ + sᵢ (dyᵢ Bᵢ) Aᵢ,  dWᵢ = dyᵢᵀ x,  dBᵢ = sᵢ dyᵢᵀ (x Aᵢᵀ),  dAᵢ = sᵢ (dyᵢ Bᵢ)ᵀ x
//
// In bfloat16, where libtorch has block products for it, this goes panel by panel: W's part for a few columns of the result is packed into the
// cache, all tokens go over it, and product, update and bias meet in one float32 sum that is rounded once. No additions over whole results, no copies
// of W that last. The update is not folded into a bfloat16 W: early updates are smaller than a step of bfloat16 and would be lost.
// Other types are plain products in the order in which PEFT computes them.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "kernels/share_out.h"
#include "kernels/tile_products.h"

namespace tunesmith {
namespace {

using Element = at::BFloat16;
using T = Tiles<Element>;

constexpr int64_t block = 64;         // tokens of one block of sums, and the most columns
constexpr int64_t tokensAtOnce = 256;  // that a product sums over tokens
constexpr int64_t tokenStep = 32;      // what is left is rounded up to this: libtorch makes code for each size that it meets

struct Member {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out] or undefined
  at::Tensor a, b;    // [rank, in], [out, rank], or undefined; float32, whatever the linear computes in
  double scaling = 1;
  int64_t column = 0;  // the first of its own in the result
  int64_t rank = 0;    // the first of its own among all ranks

  int64_t out() const { return weight.size(0); }
  int64_t ranks() const { return a.defined() ? a.size(0) : 0; }
};

struct Group {
  std::vector<Member> members;
  int64_t in = 0, out = 0, ranks = 0;

  int64_t evenRanks() const { return roundUp(ranks, 2); }
};

Group groupOf(at::TensorList weights, at::TensorList biases, at::TensorList a, at::TensorList b, c10::IntArrayRef updated, c10::ArrayRef<double> scalings) {
  TORCH_CHECK(!weights.empty() && (biases.empty() || biases.size() == weights.size()), "size mismatch: expected at least one weight, and no bias or one for each");
  TORCH_CHECK(a.size() == updated.size() && b.size() == updated.size() && scalings.size() == updated.size(), "size mismatch: expected as many A, B and scalings as members with an update");
  Group group;
  for (size_t i = 0; i < weights.size(); i++) group.members.push_back({weights[i], biases.empty() ? at::Tensor() : biases[i], {}, {}});
  for (size_t i = 0; i < updated.size(); i++) {
    TORCH_CHECK(updated[i] >= 0 && updated[i] < static_cast<int64_t>(weights.size()), "updated: the member ", updated[i], " is out of range for ", weights.size());
    auto& member = group.members[updated[i]];
    member.a = a[i];
    member.b = b[i];
    member.scaling = scalings[i];
  }
  group.in = weights[0].dim() == 2 ? weights[0].size(1) : 0;
  for (auto& member : group.members) {
    TORCH_CHECK(member.weight.dim() == 2 && member.weight.size(1) == group.in, "size mismatch: expected weights [out, in]");
    TORCH_CHECK(!member.bias.defined() || (member.bias.dim() == 1 && member.bias.size(0) == member.out()), "size mismatch: expected each bias [out]");
    TORCH_CHECK(!member.a.defined() || (member.a.dim() == 2 && member.b.dim() == 2 && member.a.size(1) == group.in && member.b.size(0) == member.out() &&
                                        member.b.size(1) == member.a.size(0)),
                "size mismatch: expected each A [rank, in] and each B [out, rank]");
    member.column = group.out;
    member.rank = group.ranks;
    group.out += member.out();
    group.ranks += member.ranks();
  }
  return group;
}

void check(const at::Tensor& input, const Group& group) {
  TORCH_CHECK(input.dim() == 2 && input.size(1) == group.in, "size mismatch: expected input [tokens, in] and weights [out, in]");
  TORCH_CHECK(at::isFloatingType(input.scalar_type()), "input: expected a floating-point dtype");
  for (const auto& member : group.members) {
    TORCH_CHECK(member.weight.scalar_type() == input.scalar_type(), "input and weights: expected the same dtype");
    TORCH_CHECK(input.is_cpu() && member.weight.is_cpu(), "expected tensors on the CPU: this kernel has no version for another device");
  }
}

bool byBlocks(const at::Tensor& input, const Group& group) {
  if (input.scalar_type() != at::kBFloat16 || group.in % 2 != 0 || input.size(0) == 0 || !blockProductsOfBFloat16()) return false;
  for (const auto& member : group.members)
    if (!member.weight.is_contiguous() || member.out() % 2 != 0) return false;
  return true;
}

const Element* numbers(const at::Tensor& tensor) { return tensor.const_data_ptr<Element>(); }
Element* mutableNumbers(const at::Tensor& tensor) { return tensor.mutable_data_ptr<Element>(); }

/// How many columns a panel has, so that the threads have equally much to do.
int64_t panelWidth(int64_t columns) {
  const int64_t threads = at::get_num_threads();
  int64_t best = block, least = INT64_MAX;
  for (const int64_t width : {block, block * 3 / 4, block / 2}) {
    const int64_t panels = roundUp(columns, width) / width, longest = roundUp(panels, threads) / threads * width;
    if (longest < least) std::tie(best, least) = std::pair{width, longest};
  }
  return best;
}

struct Panel {
  size_t member;
  int64_t first, width;  // columns of the member
};

std::vector<Panel> panelsOf(const Group& group) {
  std::vector<Panel> panels;
  const int64_t width = panelWidth(group.out);
  for (size_t i = 0; i < group.members.size(); i++)
    for (int64_t first = 0; first < group.members[i].out(); first += width) panels.push_back({i, first, std::min(width, group.members[i].out() - first)});
  return panels;
}

/// Memory of this thread for the panel at hand.
Element* panelMemory(int64_t count) {
  thread_local std::vector<Element> memory;
  if (static_cast<int64_t>(memory.size()) < count + 32) memory.resize(count + 32);
  return reinterpret_cast<Element*>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
}

/// body(first, height) for blocks of tokens. The last is rounded up, into tokens that have been done already, so that few sizes of blocks occur.
template <typename Body>
void forEachBlock(int64_t tokens, Body body) {
  for (int64_t next = 0; next < tokens; next += block) {
    const int64_t height = std::min({block, roundUp(tokens - next, 16), tokens});
    body(std::min(next, tokens - height), height);
  }
}

void storeRow(const float* sums, Element* to, int64_t width) {
  sweep<float>(width, [&](int64_t at, int64_t n) {
    const auto wide = Pack<float>::load(sums + at, n);
    Pack<Element>(wide.low, wide.high).store(to + at, n);
  });
}

/// target = factor * source, for rows of `width` numbers.
void narrowRows(const float* source, int64_t rows, int64_t width, float factor, Element* target, int64_t stride) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t k = 0; k < width; k++) target[i * stride + k] = factor * source[i * width + k];
}

at::Tensor wideNumbers(const at::Tensor& tensor) { return tensor.scalar_type() == at::kFloat && tensor.is_contiguous() ? tensor : tensor.to(at::kFloat).contiguous(); }

/// All A under one another, [even ranks, in].
at::Tensor stackedA(const Group& group, const at::TensorOptions& options) {
  auto stacked = at::empty({group.evenRanks(), group.in}, options);
  Element* target = mutableNumbers(stacked);
  for (const auto& member : group.members) {
    if (!member.a.defined()) continue;
    const auto a = wideNumbers(member.a);
    narrowRows(a.const_data_ptr<float>(), member.ranks(), group.in, 1, target + member.rank * group.in, group.in);
  }
  std::fill(target + group.ranks * group.in, target + stacked.numel(), Element(0));
  return stacked;
}

/// sᵢ Bᵢ at its member's columns and ranks, zeros elsewhere: [out, even ranks].
at::Tensor placedB(const Group& group, const at::TensorOptions& options) {
  const int64_t stride = group.evenRanks();
  auto placed = at::empty({group.out, stride}, options);
  Element* target = mutableNumbers(placed);
  std::fill_n(target, placed.numel(), Element(0));
  for (const auto& member : group.members) {
    if (!member.b.defined()) continue;
    const auto b = wideNumbers(member.b);
    narrowRows(b.const_data_ptr<float>(), member.out(), member.ranks(), static_cast<float>(member.scaling), target + member.column * stride + member.rank, stride);
  }
  return placed;
}

/// The ranks of a member as an even range; those of neighbours within it meet zeros.
std::pair<int64_t, int64_t> evenRange(const Member& member) { return {member.rank / 2 * 2, roundUp(member.rank + member.ranks(), 2)}; }

/// y [tokens, out], and the input through all A, [tokens, even ranks], which backward needs.
std::tuple<at::Tensor, at::Tensor> forwardByBlocks(const at::Tensor& input, const Group& group) {
  const int64_t tokens = input.size(0), in = group.in, out = group.out, ranks = group.evenRanks();
  auto output = at::empty({tokens, out}, input.options()), through = at::empty({tokens, ranks}, input.options());
  const Element* x = numbers(input);
  Element *y = mutableNumbers(output), *u = mutableNumbers(through);

  at::Tensor b;
  if (ranks > 0) {
    const auto a = stackedA(group, input.options());
    b = placedB(group, input.options());
    auto packedA = at::empty({in, ranks}, input.options());
    Element* aPacked = mutableNumbers(packedA);
    T::packTransposed(numbers(a), in, ranks, in, aPacked, ranks);
    const int64_t blocks = (tokens + block - 1) / block;
    at::parallel_for(0, blocks, 2, [&](int64_t begin, int64_t end) {
      std::vector<float> sums(block * ranks);
      for (int64_t next = begin * block; next < std::min(end * block, tokens); next += block) {
        const int64_t height = std::min(block, tokens - next);
        T::product(height, ranks, in, x + next * in, in, aPacked, ranks, sums.data(), ranks, false);
        storeRow(sums.data(), u + next * ranks, height * ranks);
      }
      T::done();
    });
  }

  const auto panels = panelsOf(group);
  const Element* bRows = ranks > 0 ? numbers(b) : nullptr;
  forEachTask(static_cast<int64_t>(panels.size()), [&](int64_t task) {
    const auto& panel = panels[task];
    const auto& member = group.members[panel.member];
    const auto [low, high] = evenRange(member);
    Element* w = panelMemory((in + ranks) * block);
    Element* update = w + in * block;
    T::packTransposed(numbers(member.weight) + panel.first * in, in, panel.width, in, w, panel.width);
    if (high > low) T::packTransposed(bRows + (member.column + panel.first) * ranks + low, ranks, panel.width, high - low, update, panel.width);
    float bias[block] = {};
    if (member.bias.defined()) {
      const Element* own = numbers(member.bias) + panel.first;
      for (int64_t i = 0; i < panel.width; i++) bias[i] = own[i];
    }
    alignas(64) float sums[block * block];
    forEachBlock(tokens, [&](int64_t first, int64_t height) {
      T::product(height, panel.width, in, x + first * in, in, w, panel.width, sums, panel.width, false);
      if (high > low) T::product(height, panel.width, high - low, u + first * ranks + low, ranks, update, panel.width, sums, panel.width, true);
      for (int64_t i = 0; i < height; i++) {
        float* row = sums + i * panel.width;
        if (member.bias.defined()) {
          for (int64_t k = 0; k < panel.width; k++) row[k] += bias[k];
        }
        storeRow(row, y + (first + i) * out + member.column + panel.first, panel.width);
      }
    });
  }, T::done);
  return {output, through};
}

/// Tokens as the inner places of right factors: [count, width] of rows, zeros up to `padded`.
void packTokens(const Element* rows, int64_t stride, int64_t count, int64_t padded, int64_t width, Element* target) {
  T::packRows(rows, stride, count / 2 * 2, width, target, width);
  if (count % 2 == 1) {
    Element* last = target + count / 2 * 2 * width;
    for (int64_t k = 0; k < width; k++) {
      last[2 * k] = rows[(count - 1) * stride + k];
      last[2 * k + 1] = Element(0);
    }
  }
  std::fill(target + roundUp(count, 2) * width, target + padded * width, Element(0));
}

struct Gradients {
  at::Tensor input;                // defined where asked for
  std::vector<at::Tensor> a, b;    // per member, float32; undefined without an update
};

Gradients backwardByBlocks(const at::Tensor& above, const at::Tensor& input, const at::Tensor& through, const Group& group, bool wantsInput) {
  const int64_t tokens = input.size(0), in = group.in, out = group.out, ranks = group.evenRanks();
  const int64_t paddedTokens = roundUp(tokens, tokenStep);
  Gradients gradients;
  if (wantsInput) gradients.input = at::empty({tokens, in}, input.options());
  const auto options = input.options();
  const Element *dy = numbers(above), *x = numbers(input), *u = numbers(through);
  at::Tensor a, b, throughB, throughAcross, throughBAcross, aSums;
  for (const auto& member : group.members) {
    gradients.a.push_back({});
    gradients.b.push_back(member.b.defined() ? at::empty({member.out(), member.ranks()}, options.dtype(at::kFloat)) : at::Tensor());
  }

  // dy through all B, [tokens, ranks], and the transposes of it and of x through A, as left factors of sums over tokens.
  if (ranks > 0) {
    a = stackedA(group, options);
    b = placedB(group, options);
    throughB = at::empty({tokens, ranks}, options);
    throughAcross = at::zeros({ranks, paddedTokens}, options);
    throughBAcross = at::zeros({ranks, paddedTokens}, options);
    aSums = at::zeros({ranks, in}, options.dtype(at::kFloat));
    auto packedB = at::empty({out, ranks}, options);  // of each member [out / 2, its even ranks, 2]
    for (const auto& member : group.members) {
      const auto [low, high] = evenRange(member);
      T::packRows(numbers(b) + member.column * ranks + low, ranks, member.out(), high - low, mutableNumbers(packedB) + member.column * ranks, high - low);
    }
    const Element* bPacked = numbers(packedB);
    Element *du = mutableNumbers(throughB), *uAcross = mutableNumbers(throughAcross), *duAcross = mutableNumbers(throughBAcross);
    at::parallel_for(0, (tokens + block - 1) / block, 2, [&](int64_t begin, int64_t end) {
      std::vector<float> sums(block * ranks);
      for (int64_t next = begin * block; next < std::min(end * block, tokens); next += block) {
        const int64_t height = std::min(block, tokens - next);
        std::fill(sums.begin(), sums.end(), 0.0f);
        for (const auto& member : group.members) {
          const auto [low, high] = evenRange(member);
          if (high > low) T::product(height, high - low, member.out(), dy + next * out + member.column, out, bPacked + member.column * ranks, high - low, sums.data() + low, ranks, true);
        }
        storeRow(sums.data(), du + next * ranks, height * ranks);
        for (int64_t i = next; i < next + height; i++) {
          for (int64_t k = 0; k < ranks; k++) {
            uAcross[k * paddedTokens + i] = u[i * ranks + k];
            duAcross[k * paddedTokens + i] = du[i * ranks + k];
          }
        }
      }
      T::done();
    });
  }

  const int64_t inWidth = panelWidth(in), inPanels = wantsInput ? roundUp(in, inWidth) / inWidth : 0;
  const auto outPanels = ranks > 0 ? panelsOf(group) : std::vector<Panel>();
  const int64_t aPanels = ranks > 0 ? roundUp(in, block) / block : 0;
  const Element* aRows = ranks > 0 ? numbers(a) : nullptr;
  const Element* duRows = ranks > 0 ? numbers(throughB) : nullptr;

  const auto inputPanel = [&](int64_t index) {
    const int64_t column = index * inWidth, width = std::min(inWidth, in - column);
    Element* w = panelMemory((out + ranks) * block);
    Element* update = w + out * block;
    for (const auto& member : group.members) T::packRows(numbers(member.weight) + column, in, member.out(), width, w + member.column * width, width);
    if (ranks > 0) T::packRows(aRows + column, in, ranks, width, update, width);
    Element* dx = mutableNumbers(gradients.input);
    alignas(64) float sums[block * block];
    forEachBlock(tokens, [&](int64_t first, int64_t height) {
      T::product(height, width, out, dy + first * out, out, w, width, sums, width, false);
      if (ranks > 0) T::product(height, width, ranks, duRows + first * ranks, ranks, update, width, sums, width, true);
      for (int64_t i = 0; i < height; i++) storeRow(sums + i * width, dx + (first + i) * in + column, width);
    });
  };
  /// sums [height, width] = left [height, tokens] x columns [tokens, width]
  const auto overTokens = [&](const Element* left, int64_t height, const Element* columns, int64_t stride, int64_t width, float* sums) {
    Element* packed = panelMemory(tokensAtOnce * block);
    for (int64_t first = 0; first < tokens; first += tokensAtOnce) {
      const int64_t count = std::min(tokensAtOnce, tokens - first), padded = roundUp(count, tokenStep);
      packTokens(columns + first * stride, stride, count, padded, width, packed);
      T::product(height, width, padded, left + first, paddedTokens, packed, width, sums, width, first > 0);
    }
  };
  const auto bPanel = [&](const Panel& panel) {
    const auto& member = group.members[panel.member];
    if (!member.b.defined()) return;
    const int64_t own = member.ranks();
    std::vector<float> sums(own * panel.width);
    overTokens(numbers(throughAcross) + member.rank * paddedTokens, own, dy + member.column + panel.first, out, panel.width, sums.data());
    float* db = gradients.b[panel.member].mutable_data_ptr<float>() + panel.first * own;
    const auto scaling = static_cast<float>(member.scaling);
    for (int64_t i = 0; i < panel.width; i++)
      for (int64_t k = 0; k < own; k++) db[i * own + k] = scaling * sums[k * panel.width + i];
  };
  const auto aPanel = [&](int64_t index) {
    const int64_t column = index * block, width = std::min(block, in - column);
    std::vector<float> sums(ranks * width);
    overTokens(numbers(throughBAcross), ranks, x + column, in, width, sums.data());
    float* da = aSums.mutable_data_ptr<float>();
    for (int64_t k = 0; k < ranks; k++) std::copy_n(sums.data() + k * width, width, da + k * in + column);
  };

  const auto bPanels = static_cast<int64_t>(outPanels.size());
  forEachTask(inPanels + bPanels + aPanels, [&](int64_t task) {
    if (task < inPanels) return inputPanel(task);
    if (task < inPanels + bPanels) return bPanel(outPanels[task - inPanels]);
    aPanel(task - inPanels - bPanels);
  }, T::done);
  for (size_t i = 0; i < group.members.size(); i++)
    if (const auto& member = group.members[i]; member.a.defined()) gradients.a[i] = aSums.narrow(0, member.rank, member.ranks());
  return gradients;
}

std::tuple<at::Tensor, at::Tensor> forwardPlain(const at::Tensor& input, const Group& group) {
  auto output = at::empty({input.size(0), group.out}, input.options());
  std::vector<at::Tensor> through;
  for (const auto& member : group.members) {
    auto own = output.narrow(1, member.column, member.out());
    if (member.bias.defined())
      at::addmm_out(own, member.bias, input, member.weight.t());
    else
      at::mm_out(own, input, member.weight.t());
    if (!member.a.defined()) continue;
    through.push_back(at::linear(input, member.a.to(input.scalar_type())));
    own.add_(at::linear(through.back(), member.b.to(input.scalar_type())), member.scaling);
  }
  return {output, through.empty() ? at::empty({input.size(0), 0}, input.options()) : at::cat(through, 1)};
}

Gradients backwardPlain(const at::Tensor& above, const at::Tensor& input, const at::Tensor& through, const Group& group, bool wantsInput) {
  Gradients gradients;
  for (const auto& member : group.members) {
    const auto own = above.narrow(1, member.column, member.out());
    if (wantsInput) gradients.input = gradients.input.defined() ? gradients.input.addmm_(own, member.weight) : at::mm(own, member.weight);
    gradients.a.push_back({});
    gradients.b.push_back({});
    if (!member.a.defined()) continue;
    const auto down = at::mm(own, member.b.to(above.scalar_type())).mul_(member.scaling);  // [tokens, rank]
    gradients.b.back() = at::mm(own.t(), through.narrow(1, member.rank, member.ranks())).mul_(member.scaling);
    gradients.a.back() = at::mm(down.t(), input);
    if (wantsInput) gradients.input.addmm_(down, member.a.to(above.scalar_type()));
  }
  return gradients;
}

std::tuple<at::Tensor, at::Tensor> compute(const at::Tensor& input, const Group& group) {
  return byBlocks(input, group) ? forwardByBlocks(input.contiguous(), group) : forwardPlain(input, group);
}

at::Tensor plain(const at::Tensor& input, at::TensorList weights, at::TensorList biases, at::TensorList a, at::TensorList b, c10::IntArrayRef updated,
                 c10::ArrayRef<double> scalings) {
  const auto group = groupOf(weights, biases, a, b, updated, scalings);
  check(input, group);
  return std::get<0>(compute(input, group));
}

class JoinedLinear : public torch::autograd::Function<JoinedLinear> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, at::TensorList weights, at::TensorList biases, at::TensorList a, at::TensorList b,
                            c10::IntArrayRef updated, c10::ArrayRef<double> scalings) {
    at::AutoDispatchBelowADInplaceOrView below;
    const auto group = groupOf(weights, biases, a, b, updated, scalings);
    check(input, group);
    auto [output, through] = compute(input, group);
    std::vector<at::Tensor> saved{input, through};
    for (const auto& list : {weights, biases, a, b}) saved.insert(saved.end(), list.begin(), list.end());
    context->save_for_backward(saved);
    context->saved_data["weights"] = static_cast<int64_t>(weights.size());
    context->saved_data["biases"] = static_cast<int64_t>(biases.size());
    context->saved_data["updated"] = updated.vec();
    context->saved_data["scalings"] = scalings.vec();
    return output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    const auto saved = context->get_saved_variables();
    const auto updated = context->saved_data["updated"].toIntVector();
    const auto scalings = context->saved_data["scalings"].toDoubleVector();
    const auto weightCount = static_cast<size_t>(context->saved_data["weights"].toInt()), biasCount = static_cast<size_t>(context->saved_data["biases"].toInt());
    const auto list = [&](size_t from, size_t count) { return at::TensorList(saved.data() + 2 + from, count); };
    const size_t aPlace = weightCount + biasCount, bPlace = aPlace + updated.size();
    const auto group = groupOf(list(0, weightCount), list(weightCount, biasCount), list(aPlace, updated.size()), list(bPlace, updated.size()), updated, scalings);
    const auto input = saved[0].contiguous(), above = outputs[0].contiguous();
    const bool wantsInput = context->needs_input_grad(0);
    auto found = byBlocks(input, group) ? backwardByBlocks(above, input, saved[1], group, wantsInput) : backwardPlain(above, input, saved[1], group, wantsInput);

    // input, weights…, biases…, A…, B…, updated, scalings
    torch::autograd::variable_list gradients(1 + bPlace + updated.size() + 2);
    gradients[0] = found.input;
    bool allWeights = true;
    for (size_t i = 0; i < weightCount; i++) allWeights = allWeights && context->needs_input_grad(1 + i);
    const auto together = allWeights ? at::mm(above.t(), input) : at::Tensor();  // [out of all, in]
    for (size_t i = 0; i < weightCount; i++) {
      const auto& member = group.members[i];
      const auto own = above.narrow(1, member.column, member.out());
      if (allWeights)
        gradients[1 + i] = together.narrow(0, member.column, member.out());
      else if (context->needs_input_grad(1 + i))
        gradients[1 + i] = at::mm(own.t(), input);
      if (i < biasCount && context->needs_input_grad(1 + weightCount + i)) gradients[1 + weightCount + i] = own.sum(0);
    }
    for (size_t i = 0; i < updated.size(); i++) {
      gradients[1 + aPlace + i] = found.a[updated[i]].to(saved[2 + aPlace + i].scalar_type());
      gradients[1 + bPlace + i] = found.b[updated[i]].to(saved[2 + bPlace + i].scalar_type());
    }
    return gradients;
  }
};

at::Tensor withGradient(const at::Tensor& input, at::TensorList weights, at::TensorList biases, at::TensorList a, at::TensorList b, c10::IntArrayRef updated,
                        c10::ArrayRef<double> scalings) {
  return JoinedLinear::apply(input, weights, biases, a, b, updated, scalings);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def("joined_linear(Tensor input, Tensor[] weights, Tensor[] biases, Tensor[] a, Tensor[] b, int[] updated, float[] scalings) -> Tensor");
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("joined_linear", plain); }
TORCH_LIBRARY_IMPL(tunesmith, AutogradCPU, library) { library.impl("joined_linear", withGradient); }

}  // namespace tunesmith
