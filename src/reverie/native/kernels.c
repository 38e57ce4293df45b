/* Loops that PyTorch has no single operation for. Plain C over float32, called through ctypes; every function here has a
 * twin of the same result in PyTorch, which is used where this library is not there.
 *
 * Compiled without contraction of multiply and add, so that spikes are those of PyTorch's separate operations.
 */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define WIDE
#endif

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define EVERY_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define EVERY_PROCESSOR
#endif

#define INLINE static inline __attribute__((always_inline))
#define BLOCK 2048 /* neurons whose state stays in the first cache while time passes */

/* ---- spiking neurons: see reverie/functional/neurons.py for the equations ---------------------------------------- */

typedef struct {
    int64_t steps, neurons; /* T; batch times features, side by side */
    float alpha, beta, threshold, rho, kappa;
    int32_t hard, adaptive, synaptic;
} Neuron;

INLINE void forward_block(const Neuron *p, int64_t from, int64_t n, const float *x, float *i, float *v, float *a,
                          float *spikes, float *above, float *adaptation, int hard, int adaptive, int synaptic,
                          int keep) {
    const float alpha = p->alpha, beta = p->beta, threshold = p->threshold, rho = p->rho, kappa = p->kappa;
    for (int64_t t = 0; t < p->steps; t++) {
        const int64_t row = t * p->neurons + from;
        const float *xt = x + row;
        float *st = spikes + row, *ut = above + (keep ? row : 0), *at = adaptation + (keep && adaptive ? row : 0);
        for (int64_t k = 0; k < n; k++) {
            float input = xt[k];
            if (synaptic) {
                input = i[k] * alpha + input;
                i[k] = input;
            }
            float u = v[k] * beta + input;
            float bar = threshold;
            if (adaptive) {
                bar = threshold + kappa * a[k];
                if (keep) at[k] = a[k];
            }
            float d = u - bar;
            float s = d >= 0.0f ? 1.0f : 0.0f;
            if (keep) ut[k] = d;
            v[k] = hard ? (d >= 0.0f ? 0.0f : u) : u - s * bar;
            if (adaptive) a[k] = a[k] * rho + s;
            st[k] = s;
        }
    }
}

#define CASES(call)                                                             \
    switch (p->hard * 4 + p->adaptive * 2 + p->synaptic) {                      \
        case 0: call(0, 0, 0); break;                                           \
        case 1: call(0, 0, 1); break;                                           \
        case 2: call(0, 1, 0); break;                                           \
        case 3: call(0, 1, 1); break;                                           \
        case 4: call(1, 0, 0); break;                                           \
        case 5: call(1, 0, 1); break;                                           \
        case 6: call(1, 1, 0); break;                                           \
        default: call(1, 1, 1); break;                                          \
    }

/* i, v, a are the state and become the next one; `above` (u - threshold) and `adaptation` are kept for the way back,
 * or NULL. */
EVERY_PROCESSOR
void neurons_forward(const Neuron *p, const float *x, float *i, float *v, float *a, float *spikes, float *above,
                     float *adaptation) {
    const int keep = above != NULL;
    for (int64_t from = 0; from < p->neurons; from += BLOCK) {
        const int64_t n = p->neurons - from < BLOCK ? p->neurons - from : BLOCK;
        float *ib = p->synaptic ? i + from : i, *ab = p->adaptive ? a + from : a;
#define KEPT(hard, adaptive, synaptic) \
    forward_block(p, from, n, x, ib, v + from, ab, spikes, above, adaptation, hard, adaptive, synaptic, 1)
#define LOST(hard, adaptive, synaptic) \
    forward_block(p, from, n, x, ib, v + from, ab, spikes, above, adaptation, hard, adaptive, synaptic, 0)
        if (keep) {
            CASES(KEPT)
        } else {
            CASES(LOST)
        }
    }
}

enum { FAST_SIGMOID, ARCTAN, TRIANGULAR };

INLINE float slope_of(int kind, float steepness, float d) {
    if (kind == FAST_SIGMOID) {
        float q = 1.0f + steepness * fabsf(d);
        return 1.0f / (q * q);
    }
    if (kind == ARCTAN) {
        float q = 1.57079632679489662f * steepness * d;
        return 0.5f * steepness / (1.0f + q * q);
    }
    float r = 1.0f - steepness * fabsf(d);
    return r > 0.0f ? steepness * r : 0.0f;
}

INLINE void backward_block(const Neuron *p, int64_t from, int64_t n, const float *above, const float *adaptation,
                           const float *grad_spikes, float *gi, float *gv, float *ga, float *grad_x, int hard,
                           int adaptive, int synaptic, int kind, float steepness, int through_reset) {
    const float alpha = p->alpha, beta = p->beta, threshold = p->threshold, rho = p->rho, kappa = p->kappa;
    for (int64_t t = p->steps - 1; t >= 0; t--) {
        const int64_t row = t * p->neurons + from;
        const float *dt = above + row, *gt = grad_spikes + row;
        const float *at = adaptation + (adaptive ? row : 0);
        float *out = grad_x + row;
        for (int64_t k = 0; k < n; k++) {
            float d = dt[k], s = d >= 0.0f ? 1.0f : 0.0f;
            float bar = adaptive ? threshold + kappa * at[k] : threshold;
            float from_v = gv[k], on_spike = gt[k], on_bar = 0.0f, on_u;
            if (adaptive) on_spike += ga[k];
            if (hard) {
                on_u = from_v * (1.0f - s);
                if (through_reset) on_spike -= from_v * (d + bar);
            } else {
                on_u = from_v;
                if (through_reset) {
                    on_spike -= from_v * bar;
                    on_bar -= from_v * s;
                }
            }
            float slope = slope_of(kind, steepness, d) * on_spike;
            on_u += slope;
            if (adaptive) {
                on_bar -= slope;
                ga[k] = rho * ga[k] + kappa * on_bar;
            }
            gv[k] = beta * on_u;
            if (synaptic) {
                float on_i = gi[k] + on_u;
                gi[k] = alpha * on_i;
                out[k] = on_i;
            } else {
                out[k] = on_u;
            }
        }
    }
}

/* gi, gv, ga are the gradients of the last state and become those of the first. */
EVERY_PROCESSOR
void neurons_backward(const Neuron *p, const float *above, const float *adaptation, const float *grad_spikes, float *gi,
                      float *gv, float *ga, float *grad_x, int32_t kind, float steepness, int32_t through_reset) {
    for (int64_t from = 0; from < p->neurons; from += BLOCK) {
        const int64_t n = p->neurons - from < BLOCK ? p->neurons - from : BLOCK;
        float *ib = p->synaptic ? gi + from : gi, *ab = p->adaptive ? ga + from : ga;
#define BACK(hard, adaptive, synaptic, kind)                                                                     \
    backward_block(p, from, n, above, adaptation, grad_spikes, ib, gv + from, ab, grad_x, hard, adaptive, synaptic, \
                   kind, steepness, through_reset)
#define BACK_0(hard, adaptive, synaptic) BACK(hard, adaptive, synaptic, FAST_SIGMOID)
#define BACK_1(hard, adaptive, synaptic) BACK(hard, adaptive, synaptic, ARCTAN)
#define BACK_2(hard, adaptive, synaptic) BACK(hard, adaptive, synaptic, TRIANGULAR)
        if (kind == FAST_SIGMOID) {
            CASES(BACK_0)
        } else if (kind == ARCTAN) {
            CASES(BACK_1)
        } else {
            CASES(BACK_2)
        }
    }
}

/* ---- products with events: only what is not zero is read ----------------------------------------------------------- */

typedef float Lanes __attribute__((vector_size(64), aligned(4)));

#define LANES 16

/* Columns c … c + 16 q of one row of a product; `unit`: every weight is one. */
INLINE void gather_columns(const int32_t *list, const float *weights, int64_t count, const float *dense, int64_t stride,
                           const float *start, float *out, const int q, const int unit) {
    Lanes sum[8];
    for (int k = 0; k < q; k++) sum[k] = start ? *(const Lanes *)(start + LANES * k) : (Lanes){0};
    for (int64_t e = 0; e < count; e++) {
        const float *row = dense + list[e] * stride;
        if (unit) {
            for (int k = 0; k < q; k++) sum[k] += *(const Lanes *)(row + LANES * k);
        } else {
            const float w = weights[e];
            for (int k = 0; k < q; k++) sum[k] += w * *(const Lanes *)(row + LANES * k);
        }
    }
    for (int k = 0; k < q; k++) *(Lanes *)(out + LANES * k) = sum[k];
}

INLINE void gather_row(const int32_t *list, const float *weights, int64_t count, const float *dense, int64_t stride,
                       int64_t from, int64_t to, const float *start, float *out, int unit) {
    int64_t c = from;
#define COLUMNS(q, unit) gather_columns(list, weights, count, dense + c, stride, start ? start + c : NULL, out + c, q, unit)
    for (; c + 8 * LANES <= to; c += 8 * LANES) {
        if (unit)
            COLUMNS(8, 1);
        else
            COLUMNS(8, 0);
    }
    for (; c + LANES <= to; c += LANES) COLUMNS(1, 0);
    for (; c < to; c++) {
        float sum = start ? start[c] : 0.0f;
        for (int64_t e = 0; e < count; e++) sum += weights[e] * dense[list[e] * stride + c];
        out[c] = sum;
    }
}

/* Where a row is not zero; `list` has room for LANES more than there are. The number of places. */
#ifdef WIDE
__attribute__((target("avx512f"))) static int64_t places_wide(const float *row, int64_t n, int32_t *list) {
    int64_t count = 0, j = 0;
    __m512i at = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (; j + LANES <= n; j += LANES, at = _mm512_add_epi32(at, _mm512_set1_epi32(LANES))) {
        const __mmask16 some = _mm512_cmp_ps_mask(_mm512_loadu_ps(row + j), _mm512_setzero_ps(), _CMP_NEQ_UQ);
        _mm512_storeu_si512(list + count, _mm512_maskz_compress_epi32(some, at));
        count += __builtin_popcount(some);
    }
    for (; j < n; j++) {
        list[count] = (int32_t)j;
        count += row[j] != 0.0f;
    }
    return count;
}
#endif

static int64_t places(const float *row, int64_t n, int32_t *list) {
#ifdef WIDE
    if (__builtin_cpu_supports("avx512f")) return places_wide(row, n, list);
#endif
    int64_t count = 0;
    for (int64_t j = 0; j < n; j++) {
        list[count] = (int32_t)j;
        count += row[j] != 0.0f;
    }
    return count;
}

/* What is not zero, row by row or column by column. */
typedef struct {
    int64_t *begin; /* of each row's or column's part of the lists, and the end */
    int32_t *list;
    float *weights;
    int unit; /* every weight is one */
} Events;

static void release(Events *found) { free(found->begin), free(found->list), free(found->weights); }

static int by_row(int64_t rows, int64_t inputs, const float *events, Events *found) {
    found->begin = malloc((size_t)(rows + 1) * sizeof *found->begin);
    found->list = malloc((size_t)(rows * inputs + LANES) * sizeof *found->list); /* touched only where used */
    found->weights = NULL;
    if (!found->begin || !found->list) return -1;
    found->begin[0] = 0;
    for (int64_t r = 0; r < rows; r++)
        found->begin[r + 1] = found->begin[r] + places(events + r * inputs, inputs, found->list + found->begin[r]);
    found->weights = malloc((size_t)(found->begin[rows] + 1) * sizeof *found->weights);
    if (!found->weights) return -1;
    found->unit = 1;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t e = found->begin[r]; e < found->begin[r + 1]; e++) {
            const float w = events[r * inputs + found->list[e]];
            found->weights[e] = w;
            found->unit &= w == 1.0f;
        }
    return 0;
}

static int turned(int64_t rows, int64_t inputs, const Events *from, Events *to) {
    const int64_t total = from->begin[rows];
    to->begin = calloc((size_t)inputs + 2, sizeof *to->begin);
    to->list = malloc((size_t)(total + 1) * sizeof *to->list);
    to->weights = malloc((size_t)(total + 1) * sizeof *to->weights);
    to->unit = from->unit;
    if (!to->begin || !to->list || !to->weights) return -1;
    for (int64_t e = 0; e < total; e++) to->begin[from->list[e] + 2]++;
    for (int64_t j = 0; j < inputs; j++) to->begin[j + 2] += to->begin[j + 1];
    for (int64_t r = 0; r < rows; r++)
        for (int64_t e = from->begin[r]; e < from->begin[r + 1]; e++) {
            const int64_t place = to->begin[from->list[e] + 1]++;
            to->list[place] = (int32_t)r;
            to->weights[place] = from->weights[e];
        }
    return 0;
}

/* out[rows, width] = start + events[rows, inputs] @ dense[inputs, width]; with `transposed`,
 * out[inputs, width] = start + eventsᵀ @ dense[rows, width]. 0, or -1 where there is no memory. */
EVERY_PROCESSOR
int32_t event_product(int64_t rows, int64_t inputs, int64_t width, const float *events, const float *dense,
                      const float *start, float *out, int32_t transposed) {
    Events by_rows = {0}, by_columns = {0};
    int failed = by_row(rows, inputs, events, &by_rows);
    if (!failed && transposed) failed = turned(rows, inputs, &by_rows, &by_columns);
    if (!failed) {
        const Events *found = transposed ? &by_columns : &by_rows;
        const int64_t lists = transposed ? inputs : rows, deep = transposed ? rows : inputs;
        /* columns whose part of `dense` stays in the second cache */
        const int64_t step = deep * width * (int64_t)sizeof(float) > 1 << 19 ? 8 * LANES : width;
        for (int64_t from = 0; from < width; from += step) {
            const int64_t to = from + step < width ? from + step : width;
            for (int64_t q = 0; q < lists; q++) {
                const int64_t first = found->begin[q], count = found->begin[q + 1] - first;
                gather_row(found->list + first, found->weights + first, count, dense, width, from, to, start,
                           out + q * width, found->unit);
            }
        }
    }
    release(&by_rows), release(&by_columns);
    return failed;
}

/* A dense layer that takes one sample's steps as they come. `list` and `weights` have room for inputs + LANES. */
typedef struct {
    int64_t inputs, width;
    const float *dense, *start;
    float beta, threshold;
    int32_t hard;
    float *v;
    int32_t *list;
    float *weights;
} Stepper;

/* v <- LIF(v, start + events @ dense), spikes out. */
EVERY_PROCESSOR
void event_step(const Stepper *p, const float *events, float *spikes) {
    const int64_t count = places(events, p->inputs, p->list);
    int unit = 1;
    for (int64_t e = 0; e < count; e++) {
        p->weights[e] = events[p->list[e]];
        unit &= p->weights[e] == 1.0f;
    }
    gather_row(p->list, p->weights, count, p->dense, p->width, 0, p->width, p->start, spikes, unit);
    const float beta = p->beta, threshold = p->threshold;
    const int hard = p->hard;
    float *v = p->v;
    for (int64_t k = 0; k < p->width; k++) {
        float u = v[k] * beta + spikes[k], d = u - threshold, s = d >= 0.0f ? 1.0f : 0.0f;
        v[k] = hard ? (d >= 0.0f ? 0.0f : u) : u - s * threshold;
        spikes[k] = s;
    }
}

/* ---- the visual cortex: see reverie/layers/cortex.py --------------------------------------------------------------- */

INLINE uint16_t narrow(float value) { /* bfloat16, to nearest even; value is finite */
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

INLINE float widen(uint16_t value) {
    uint32_t bits = (uint32_t)value << 16;
    float wide;
    memcpy(&wide, &bits, 4);
    return wide;
}

/* Contrast-normalised patches of pictures [n, height, width, colours]; one row each. */
INLINE void patches_block(int64_t n, int64_t height, int64_t width, int64_t colours, int64_t side, float floor,
                          const void *pictures, int bytes, float *levels, void *out, int half) {
    const int64_t down = height - side + 1, across = width - side + 1, line = side * colours, d = side * line;
    float patch[4096];
    int64_t row = 0;
    const int64_t pixels = height * width * colours;
    for (int64_t q = 0; q < n; q++) {
        const float *picture = (const float *)pictures + q * pixels;
        if (bytes) {
            for (int64_t k = 0; k < pixels; k++) levels[k] = (float)((const uint8_t *)pictures)[q * pixels + k] / 255.0f;
            picture = levels;
        }
        for (int64_t top = 0; top < down; top++)
            for (int64_t left = 0; left < across; left++, row++) {
                float sum = 0.0f, squares = 0.0f;
                for (int64_t y = 0; y < side; y++) {
                    const float *from = picture + ((top + y) * width + left) * colours;
                    for (int64_t k = 0; k < line; k++) patch[y * line + k] = from[k];
                }
                for (int64_t k = 0; k < d; k++) sum += patch[k];
                const float mean = sum / (float)d;
                for (int64_t k = 0; k < d; k++) {
                    patch[k] -= mean;
                    squares += patch[k] * patch[k];
                }
                const float scale = 1.0f / sqrtf(squares / (float)d + floor);
                if (half)
                    for (int64_t k = 0; k < d; k++) ((uint16_t *)out)[row * d + k] = narrow(patch[k] * scale);
                else
                    for (int64_t k = 0; k < d; k++) ((float *)out)[row * d + k] = patch[k] * scale;
            }
    }
}

/* 0, or -1 where a patch is too large or there is no memory. */
EVERY_PROCESSOR __attribute__((optimize("associative-math", "no-signed-zeros", "no-trapping-math")))
int32_t cortex_patches(int64_t n, int64_t height, int64_t width, int64_t colours, int64_t side, float floor,
                       const void *pictures, int32_t bytes, void *out, int32_t half) {
    if (side * side * colours > 4096) return -1;
    float *levels = malloc((size_t)(height * width * colours + 1) * sizeof *levels);
    if (!levels) return -1;
    if (half)
        patches_block(n, height, width, colours, side, floor, pictures, bytes, levels, out, 1);
    else
        patches_block(n, height, width, colours, side, floor, pictures, bytes, levels, out, 0);
    free(levels);
    return 0;
}

#define CELLS 256 /* simple cells rectified together: their sums stay in the first cache */

INLINE void pool_block(int64_t n, int64_t height, int64_t width, int64_t cells, float threshold, const void *simple,
                       int half, int64_t regions, const int64_t *edges, float *out) {
    float on[CELLS], off[CELLS];
    for (int64_t q = 0; q < n; q++)
        for (int64_t r = 0; r < regions; r++) {
            const int64_t top = edges[4 * r], bottom = edges[4 * r + 1], left = edges[4 * r + 2], right = edges[4 * r + 3];
            const float places = (float)((bottom - top) * (right - left));
            for (int64_t c = 0; c < cells; c += CELLS) {
                const int64_t m = cells - c < CELLS ? cells - c : CELLS;
                memset(on, 0, sizeof on), memset(off, 0, sizeof off);
                for (int64_t y = top; y < bottom; y++)
                    for (int64_t x = left; x < right; x++) {
                        const int64_t at = ((q * height + y) * width + x) * cells + c;
                        for (int64_t k = 0; k < m; k++) {
                            const float a = half ? widen(((const uint16_t *)simple)[at + k]) : ((const float *)simple)[at + k];
                            const float up = a - threshold, down = -a - threshold;
                            on[k] += up > 0.0f ? up : 0.0f;
                            off[k] += down > 0.0f ? down : 0.0f;
                        }
                    }
                float *place = out + (q * regions + r) * 2 * cells + c;
                for (int64_t k = 0; k < m; k++) {
                    place[k] = sqrtf(on[k] / places);
                    place[cells + k] = sqrtf(off[k] / places);
                }
            }
        }
}

/* Simple cells [n, height, width, cells] to complex cells [n, regions, on and off, cells]. edges: top, bottom, left,
 * right of each region. */
EVERY_PROCESSOR
void cortex_pool(int64_t n, int64_t height, int64_t width, int64_t cells, float threshold, const void *simple,
                 int32_t half, int64_t regions, const int64_t *edges, float *out) {
    if (half)
        pool_block(n, height, width, cells, threshold, simple, 1, regions, edges, out);
    else
        pool_block(n, height, width, cells, threshold, simple, 0, regions, edges, out);
}
