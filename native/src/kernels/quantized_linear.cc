// A linear whose frozen weight is held in 8 or 4 bits (QLoRA, arXiv 2305.14314): it is written out for the product, forward and again backward,
// so that one weight at a time exists in full. Blocks of 64 consecutive weights share a scale, their largest magnitude.
//
//   int8: round(127 w / scale), the scales float32: 8.5 bits a weight.
//   nf4:  the nearest of 16 quantiles of the normal distribution, two to a byte, the first in the upper half. The scales lose their mean and are held
//         in 8 bits of the "dynamic" type (arXiv 1511.04561) by blocks of 256: 4.13 bits a weight. The same numbers as bitsandbytes 0.50
//         (functional.py: create_normal_map, create_dynamic_map, quantize_4bit with compress_statistics).

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <array>
#include <cmath>

#include "composed/quantized_blocks.h"
#include "kernels/dispatch_types.h"
#include "kernels/pack.h"

namespace tunesmith {
namespace {

// Appendix E of the QLoRA paper.
constexpr std::array<float, 16> nf4Values = {
    -1.0f,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0.0f,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1.0f,
};

int64_t blocksOf(int64_t count, int64_t size) { return (count + size - 1) / size; }

/// The 256 values of the dynamic type, ascending: seven decades with twice as many steps each, both signs, 0 and 1.
const std::array<float, 256>& dynamicValues() {
  static const auto values = [] {
    std::array<float, 256> found{};
    size_t place = 0;
    for (int decade = 0; decade < 7; decade++) {
      const auto bounds = at::linspace(0.1, 1, (int64_t{1} << decade) + 1, at::kFloat);
      const auto means = (bounds.slice(0, 0, -1) + bounds.slice(0, 1)) / 2.0 * std::pow(10.0, decade - 6);
      for (int64_t i = 0; i < means.numel(); i++) {
        const float value = means[i].item<float>();
        found[place++] = value;
        found[place++] = -value;
      }
    }
    found[place++] = 0;
    found[place++] = 1;
    std::sort(found.begin(), found.end());
    return found;
  }();
  return values;
}

uint8_t nearestDynamic(float value) {
  const auto& values = dynamicValues();
  const auto above = std::lower_bound(values.begin(), values.end(), value);
  if (above == values.end()) return 255;
  if (above == values.begin()) return 0;
  const auto below = above - 1;
  return static_cast<uint8_t>((value - *below <= *above - value ? below : above) - values.begin());
}

uint8_t nearestNormal(float value) {
  uint8_t code = 0;
  while (code < 15 && value > (nf4Values[code] + nf4Values[code + 1]) / 2) code++;
  return code;
}

/// The parts of a quantized weight, as they cross the bridge.
struct Quantized {
  std::vector<at::Tensor> parts;
  bool normal;  // nf4, else int8
  int64_t rows, columns;

  Quantized(at::TensorList parts, c10::string_view kind, int64_t rows, int64_t columns)
      : parts(parts.vec()), normal(kind == "nf4"), rows(rows), columns(columns) {
    TORCH_CHECK(normal || kind == "int8", "kind: expected 'int8' or 'nf4', got '", kind, "'");
    const int64_t count = rows * columns, blocks = blocksOf(count, blockSize);
    const auto expect = [&](size_t part, at::ScalarType type, int64_t size) {
      TORCH_CHECK(this->parts[part].scalar_type() == type, "part ", part, ": expected ", type, " dtype");
      TORCH_CHECK(this->parts[part].numel() == size && this->parts[part].is_contiguous(), "size mismatch: part ", part, " of the quantized weight has ", this->parts[part].numel(), " numbers; expected ", size);
    };
    TORCH_CHECK(this->parts.size() == (normal ? 4u : 2u), "size mismatch: expected ", normal ? 4 : 2, " parts of a quantized weight, got ", this->parts.size());
    if (normal) {
      expect(0, at::kByte, (count + 1) / 2);
      expect(1, at::kByte, blocks);
      expect(2, at::kFloat, blocksOf(blocks, scaleBlockSize));
      expect(3, at::kFloat, 1);
    } else {
      expect(0, at::kChar, count);
      expect(1, at::kFloat, blocks);
    }
  }

  float scale(int64_t block) const {
    if (!normal) return parts[1].const_data_ptr<float>()[block] / 127;
    return dynamicValues()[parts[1].const_data_ptr<uint8_t>()[block]] * parts[2].const_data_ptr<float>()[block / scaleBlockSize] + *parts[3].const_data_ptr<float>();
  }
};

/// Sixteen numbers of each pair of nibbles or byte, times the scale.
inline void decodeNormal(const uint8_t* codes, float scale, float* numbers) {
#ifdef __AVX512F__
  const __m512 table = _mm512_loadu_ps(nf4Values.data());
  const __m512 factor = _mm512_set1_ps(scale);
  const __m128i low = _mm_set1_epi8(0x0f);
  for (int64_t i = 0; i < blockSize; i += 16) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes + i / 2));
    const __m128i nibbles = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), low), _mm_and_si128(bytes, low));
    _mm512_storeu_ps(numbers + i, _mm512_mul_ps(_mm512_permutexvar_ps(_mm512_cvtepu8_epi32(nibbles), table), factor));
  }
#else
  for (int64_t i = 0; i < blockSize; i += 2) {
    numbers[i] = nf4Values[codes[i / 2] >> 4] * scale;
    numbers[i + 1] = nf4Values[codes[i / 2] & 15] * scale;
  }
#endif
}

inline void decodeIntegers(const int8_t* codes, float scale, float* numbers) {
  for (int64_t i = 0; i < blockSize; i++) numbers[i] = codes[i] * scale;
}

template <typename scalar_t>
void writeBlock(const float* numbers, int64_t count, scalar_t* out) {
  if constexpr (std::is_same_v<scalar_t, double>) {
    std::copy(numbers, numbers + count, out);
  } else {
    using P = Pack<scalar_t>;
    sweep<scalar_t>(count, [&](int64_t i, int64_t width) { P(P::Vector::loadu(numbers + i), P::Vector::loadu(numbers + i + P::half)).store(out + i, width); });
  }
}

at::Tensor composed(const Quantized& weight, at::ScalarType dtype) {
  return composedBlocks(weight.parts, weight.normal, weight.rows, weight.columns, dtype, nf4Values, dynamicValues());
}

at::Tensor written(const Quantized& weight, at::ScalarType dtype) {
  if (!weight.parts[0].is_cpu()) return composed(weight, dtype);
  auto full = at::empty({weight.rows, weight.columns}, at::TensorOptions(dtype));
  const int64_t count = full.numel(), blocks = blocksOf(count, blockSize);
  const auto* codes = static_cast<const uint8_t*>(weight.parts[0].const_data_ptr());
  TUNESMITH_DISPATCH(dtype, "dequantize_blocks", [&] {
    auto* out = full.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, blocks, 256, [&](int64_t begin, int64_t end) {
      alignas(64) float numbers[blockSize + 32];  // a pack may read behind the block's end
      alignas(64) uint8_t last[blockSize] = {};
      for (int64_t block = begin; block < end; block++) {
        const int64_t start = block * blockSize, width = std::min(blockSize, count - start);
        const uint8_t* source = codes + (weight.normal ? start / 2 : start);
        if (width < blockSize) {
          std::copy_n(source, weight.normal ? (width + 1) / 2 : width, last);
          source = last;
        }
        if (weight.normal)
          decodeNormal(source, weight.scale(block), numbers);
        else
          decodeIntegers(reinterpret_cast<const int8_t*>(source), weight.scale(block), numbers);
        writeBlock(numbers, width, out + start);
      }
    });
  });
  return full;
}

at::Tensor dequantizeBlocks(at::TensorList parts, c10::string_view kind, at::IntArrayRef shape, at::ScalarType dtype) {
  TORCH_CHECK(shape.size() == 2, "size mismatch: expected the shape of a matrix");
  return written(Quantized(parts, kind, shape[0], shape[1]), dtype);
}

at::Tensor composedlyWritten(at::TensorList parts, c10::string_view kind, at::IntArrayRef shape, at::ScalarType dtype) {
  TORCH_CHECK(shape.size() == 2, "size mismatch: expected the shape of a matrix");
  return composed(Quantized(parts, kind, shape[0], shape[1]), dtype);
}

/// Largest magnitude of each block.
at::Tensor largestOf(const at::Tensor& numbers, int64_t size) {
  const int64_t missing = blocksOf(numbers.numel(), size) * size - numbers.numel();
  return std::get<0>(at::constant_pad_nd(numbers.abs(), {0, missing}).view({-1, size}).max(1));
}

std::vector<at::Tensor> quantizeBlocks(const at::Tensor& weight, c10::string_view kind) {
  TORCH_CHECK(kind == "nf4" || kind == "int8", "kind: expected 'int8' or 'nf4', got '", kind, "'");
  TORCH_CHECK(weight.dim() == 2 && at::isFloatingType(weight.scalar_type()), "weight: expected a floating-point dtype and a matrix");
  if (!weight.is_cpu()) {
    // Once for each weight that is loaded: made where the kernel is, so that the codes are the same everywhere.
    auto parts = quantizeBlocks(weight.cpu(), kind);
    for (auto& part : parts) part = part.to(weight.device());
    return parts;
  }
  const auto numbers = weight.to(at::kFloat).contiguous().flatten();
  const int64_t count = numbers.numel();
  const auto scales = largestOf(numbers, blockSize);
  const auto* source = numbers.const_data_ptr<float>();
  const auto* scale = scales.const_data_ptr<float>();
  const auto inverse = [&](int64_t i) { return scale[i / blockSize] == 0 ? 0.0f : 1.0f / scale[i / blockSize]; };
  if (kind == "int8") {
    auto codes = at::empty({count}, at::kChar);
    auto* out = codes.mutable_data_ptr<int8_t>();
    at::parallel_for(0, count, 1 << 14, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) out[i] = static_cast<int8_t>(std::nearbyint(source[i] * inverse(i) * 127));
    });
    return {codes, scales};
  }
  auto codes = at::empty({(count + 1) / 2}, at::kByte);
  auto* out = codes.mutable_data_ptr<uint8_t>();
  at::parallel_for(0, codes.numel(), 1 << 14, [&](int64_t begin, int64_t end) {
    const auto code = [&](int64_t i) -> uint8_t { return i < count ? nearestNormal(source[i] * inverse(i)) : 0; };
    for (int64_t i = begin; i < end; i++) out[i] = static_cast<uint8_t>(code(2 * i) << 4 | code(2 * i + 1));
  });
  const auto offset = scales.mean().reshape({1});
  const auto centred = scales - offset;
  const auto scaleScales = largestOf(centred, scaleBlockSize);
  auto scaleCodes = at::empty({centred.numel()}, at::kByte);
  for (int64_t i = 0; i < centred.numel(); i++) {
    const float largest = scaleScales.const_data_ptr<float>()[i / scaleBlockSize];
    scaleCodes.mutable_data_ptr<uint8_t>()[i] = nearestDynamic(largest == 0 ? 0.0f : centred.const_data_ptr<float>()[i] * (1.0f / largest));
  }
  return {codes, scaleCodes, scaleScales, offset};
}

at::Tensor product(const at::Tensor& input, const Quantized& weight, const std::optional<at::Tensor>& bias) {
  TORCH_CHECK(input.dim() == 2 && input.size(1) == weight.columns, "size mismatch: expected an input [tokens, ", weight.columns, "]");
  return at::linear(input, written(weight, input.scalar_type()), bias);
}

Quantized asWeight(const at::Tensor& input, at::TensorList parts, c10::string_view kind, int64_t rows) {
  TORCH_CHECK(input.dim() == 2, "size mismatch: expected an input [tokens, in]");
  return Quantized(parts, kind, rows, input.size(1));
}

at::Tensor quantizedLinear(const at::Tensor& input, at::TensorList parts, c10::string_view kind, int64_t rows, const std::optional<at::Tensor>& bias) {
  return product(input, asWeight(input, parts, kind, rows), bias);
}

class QuantizedLinear : public torch::autograd::Function<QuantizedLinear> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const Quantized& weight) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->saved_data["parts"] = weight.parts;
    context->saved_data["normal"] = weight.normal;
    context->saved_data["rows"] = weight.rows;
    context->saved_data["columns"] = weight.columns;
    return product(input, weight, std::nullopt);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    const auto& saved = context->saved_data;
    const auto parts = saved.at("parts").toTensorVector();
    const Quantized weight(parts, saved.at("normal").toBool() ? "nf4" : "int8", saved.at("rows").toInt(), saved.at("columns").toInt());
    return {outputs[0].matmul(written(weight, outputs[0].scalar_type())), at::Tensor()};
  }
};

at::Tensor withGradient(const at::Tensor& input, at::TensorList parts, c10::string_view kind, int64_t rows, const std::optional<at::Tensor>& bias) {
  const auto weight = asWeight(input, parts, kind, rows);
  if (!at::GradMode::is_enabled() || !(input.requires_grad() || (bias && bias->requires_grad()))) {
    at::AutoDispatchBelowADInplaceOrView below;
    return product(input, weight, bias);
  }
  const auto result = QuantizedLinear::apply(input, weight);
  return bias ? result + *bias : result;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def("quantize_blocks(Tensor weight, str kind) -> Tensor[]");
  library.def("dequantize_blocks(Tensor[] parts, str kind, int[] shape, ScalarType dtype) -> Tensor");
  library.def("quantized_linear(Tensor input, Tensor[] parts, str kind, int out_features, Tensor? bias=None) -> Tensor");
  library.def("composed_dequantize_blocks(Tensor[] parts, str kind, int[] shape, ScalarType dtype) -> Tensor", composedlyWritten);
}
// For every device: what depends on it is in written and quantizeBlocks.
TORCH_LIBRARY_IMPL(tunesmith, CompositeExplicitAutograd, library) {
  library.impl("quantize_blocks", quantizeBlocks);
  library.impl("dequantize_blocks", dequantizeBlocks);
  library.impl("quantized_linear", quantizedLinear);
}
TORCH_LIBRARY_IMPL(tunesmith, Autograd, library) { library.impl("quantized_linear", withGradient); }

}  // namespace tunesmith
