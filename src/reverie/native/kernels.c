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
    Lanes sum[16];
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
    for (; c + 16 * LANES <= to; c += 16 * LANES) {
        if (unit)
            COLUMNS(16, 1);
        else
            COLUMNS(16, 0);
    }
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
    float *weights, *spikes;
} Stepper;

/* v <- LIF(v, start + events @ dense), spikes out. */
EVERY_PROCESSOR
void event_step(const Stepper *p, const float *events) {
    float *spikes = p->spikes;
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

/* ---- plasticity: see reverie/plasticity/learning.py ----------------------------------------------------------------- */

#define MOST_PRODUCTS 4

/* weight[cells, inputs] <- weight + sum over products p and rows r of scale[p] post[p][r, cell] pre[p][r, input]. */
typedef struct {
    int64_t products, rows, cells, inputs;
    float scale[MOST_PRODUCTS];
    const float *post[MOST_PRODUCTS], *pre[MOST_PRODUCTS];
    float *weight, low, high;
    int32_t bounded;
} Change;

static int64_t speaking(const float *from, int64_t n) {
    int64_t count = 0;
    for (int64_t e = 0; e < n; e++) count += from[e] != 0.0f;
    return count;
}

/* By cells: only those rows of `pre` are added whose cell speaks. */
INLINE void change_columns(const float *const *rows, const float *by, int64_t count, int64_t at, float *weight,
                           const int q) {
    Lanes sum[8];
    for (int k = 0; k < q; k++) sum[k] = (Lanes){0};
    for (int64_t e = 0; e < count; e++) {
        const float *row = rows[e] + at, w = by[e];
        for (int k = 0; k < q; k++) sum[k] += w * *(const Lanes *)(row + LANES * k);
    }
    for (int k = 0; k < q; k++) *(Lanes *)(weight + at + LANES * k) += sum[k];
}

INLINE void change_cell(const float *const *rows, const float *by, int64_t count, int64_t inputs, float *weight) {
    int64_t at = 0;
    for (; at + 8 * LANES <= inputs; at += 8 * LANES) change_columns(rows, by, count, at, weight, 8);
    for (; at + LANES <= inputs; at += LANES) change_columns(rows, by, count, at, weight, 1);
    for (; at < inputs; at++) {
        float sum = 0.0f;
        for (int64_t e = 0; e < count; e++) sum += by[e] * rows[e][at];
        weight[at] += sum;
    }
}

/* By inputs, where cells all speak and inputs seldom do: sixteen rows' share in one cell stands in a register, and each
 * input takes from there what its events point at. A piece is sixteen inputs; its events are in levels, the k-th event
 * of each input in level k. */
typedef struct {
    int64_t pieces, groups;
    int32_t *begin;       /* of each piece's and group's levels, and the end */
    int32_t (*row)[LANES]; /* within the group */
    float (*value)[LANES]; /* zero where an input has no such event */
} Levels;

static void release_levels(Levels *found) { free(found->begin), free(found->row), free(found->value); }

#ifdef WIDE
static int levels_of(const Change *p, const float *pre, int64_t events, Levels *found) {
    found->pieces = p->inputs / LANES, found->groups = (p->rows + LANES - 1) / LANES;
    found->begin = malloc((size_t)(found->pieces * found->groups + 1) * sizeof *found->begin);
    found->row = calloc((size_t)events + 1, sizeof *found->row);
    found->value = calloc((size_t)events + 1, sizeof *found->value);
    if (!found->begin || !found->row || !found->value) return -1;
    int32_t end = 0;
    for (int64_t piece = 0; piece < found->pieces; piece++)
        for (int64_t group = 0; group < found->groups; group++) {
            int32_t count[LANES] = {0}, most = 0;
            const int64_t first = group * LANES, last = first + LANES < p->rows ? first + LANES : p->rows;
            found->begin[piece * found->groups + group] = end;
            for (int64_t r = first; r < last; r++)
                for (int k = 0; k < LANES; k++) {
                    const float value = pre[r * p->inputs + piece * LANES + k];
                    if (value != 0.0f) {
                        const int32_t level = count[k]++;
                        found->row[end + level][k] = (int32_t)(r - first);
                        found->value[end + level][k] = value;
                        most = most < count[k] ? count[k] : most;
                    }
                }
            end += most;
        }
    found->begin[found->pieces * found->groups] = end;
    return 0;
}

#define TOGETHER 4 /* cells that read the levels once */

/* `shares`: what each row has for each of some cells, in groups of sixteen rows. */
__attribute__((target("avx512f"))) INLINE void change_some_by_levels(const Levels *p, const float *shares,
                                                                     int64_t stride, float *weight, int64_t inputs,
                                                                     const int cells) {
    for (int64_t piece = 0; piece < p->pieces; piece++) {
        __m512 sum[TOGETHER], mine[TOGETHER];
        for (int k = 0; k < cells; k++) sum[k] = _mm512_setzero_ps();
        for (int64_t group = 0; group < p->groups; group++) {
            const int32_t *edge = p->begin + piece * p->groups + group;
            for (int k = 0; k < cells; k++) mine[k] = _mm512_loadu_ps(shares + k * stride + group * LANES);
            for (int32_t level = edge[0]; level < edge[1]; level++) {
                const __m512i row = _mm512_loadu_si512(p->row[level]);
                const __m512 value = _mm512_loadu_ps(p->value[level]);
                for (int k = 0; k < cells; k++)
                    sum[k] = _mm512_fmadd_ps(_mm512_permutexvar_ps(row, mine[k]), value, sum[k]);
            }
        }
        for (int k = 0; k < cells; k++) {
            float *at = weight + k * inputs + piece * LANES;
            _mm512_storeu_ps(at, _mm512_add_ps(_mm512_loadu_ps(at), sum[k]));
        }
    }
}

__attribute__((target("avx512f"))) static void change_by_levels(const Levels *p, const float *shares, int64_t stride,
                                                                float *weight, int64_t inputs, int64_t cells) {
    int64_t k = 0;
    for (; k + TOGETHER <= cells; k += TOGETHER)
        change_some_by_levels(p, shares + k * stride, stride, weight + k * inputs, inputs, TOGETHER);
    for (; k < cells; k++) change_some_by_levels(p, shares + k * stride, stride, weight + k * inputs, inputs, 1);
}
#endif

INLINE void keep_between(float *weight, int64_t n, float low, float high) {
    for (int64_t j = 0; j < n; j++) {
        const float w = weight[j] < low ? low : weight[j];
        weight[j] = w > high ? high : w;
    }
}

/* 0; 1 where a matrix product is sooner, and nothing is done; -1 where there is no memory. */
EVERY_PROCESSOR
int32_t change_weights(const Change *p) {
    Levels levels[MOST_PRODUCTS] = {{0}};
    int by_levels[MOST_PRODUCTS] = {0}, failed = 0;
    int64_t work = 0; /* in rows added to a cell */
    for (int64_t q = 0; q < p->products; q++) {
        int64_t rows = speaking(p->post[q], p->rows * p->cells) / p->cells;
#ifdef WIDE
        const int64_t events = rows > 4 ? speaking(p->pre[q], p->rows * p->inputs) : 0;
        if (rows > 4 && 4 * events < p->rows * p->inputs && p->inputs >= LANES && __builtin_cpu_supports("avx512f")) {
            by_levels[q] = 1;
            failed |= levels_of(p, p->pre[q], events, levels + q);
            if (!failed) rows = levels[q].begin[levels[q].pieces * levels[q].groups] / levels[q].pieces;
        }
#endif
        work += rows;
    }
    const size_t most = (size_t)(p->products * p->rows), padded = (size_t)(p->rows + LANES);
    const float **rows = malloc(LANES * most * sizeof *rows);
    float *by = malloc(LANES * most * sizeof *by), *shares = malloc(LANES * padded * sizeof *shares);
    failed |= !rows || !by || !shares ? -1 : 0;
    const int dense = work > 10 + p->products * p->rows / 2; /* a product adds a row in half the time */
    for (int64_t first = 0; first < p->cells && !failed && !dense; first += LANES) { /* as many as a cache line has */
        const int64_t some = p->cells - first < LANES ? p->cells - first : LANES;
        int64_t count[LANES] = {0};
        for (int64_t q = 0; q < p->products; q++)
            for (int64_t r = 0; r < p->rows && !by_levels[q]; r++) {
                const float *post = p->post[q] + r * p->cells + first;
                for (int64_t k = 0; k < some; k++) {
                    const size_t place = (size_t)k * most + (size_t)count[k];
                    rows[place] = p->pre[q] + r * p->inputs;
                    by[place] = p->scale[q] * post[k];
                    count[k] += post[k] != 0.0f;
                }
            }
        for (int64_t k = 0; k < some; k++)
            change_cell(rows + (size_t)k * most, by + (size_t)k * most, count[k], p->inputs,
                        p->weight + (first + k) * p->inputs);
#ifdef WIDE
        for (int64_t q = 0; q < p->products; q++) {
            if (!by_levels[q]) continue;
            memset(shares, 0, LANES * padded * sizeof *shares);
            for (int64_t r = 0; r < p->rows; r++)
                for (int64_t k = 0; k < some; k++)
                    shares[(size_t)k * padded + (size_t)r] = p->scale[q] * p->post[q][r * p->cells + first + k];
            float *weight = p->weight + first * p->inputs;
            change_by_levels(levels + q, shares, (int64_t)padded, weight, p->inputs, some);
            for (int64_t k = 0; k < some; k++)
                for (int64_t j = levels[q].pieces * LANES; j < p->inputs; j++)
                    for (int64_t r = 0; r < p->rows; r++)
                        weight[k * p->inputs + j] += shares[(size_t)k * padded + (size_t)r] * p->pre[q][r * p->inputs + j];
        }
#endif
        if (p->bounded) keep_between(p->weight + first * p->inputs, some * p->inputs, p->low, p->high);
    }
    for (int64_t q = 0; q < p->products; q++) release_levels(levels + q);
    free(rows), free(by), free(shares);
    return failed ? -1 : dense;
}

/* Pair STDP step by step: traces of rows · inputs and rows · cells, what is left of them after a step, A+ and -A-. With
 * `turned` the weights lie input by input: `change` then has inputs for cells. */
typedef struct {
    Change change;
    float *trace_pre, *trace_post, left_pre, left_post, stronger, weaker;
    int32_t turned;
} Pairs;

INLINE void fade(float *trace, const float *spikes, int64_t n, float left) {
    for (int64_t k = 0; k < n; k++) trace[k] = left * (trace[k] + spikes[k]);
}

/* As `change_weights`; the traces fade where something is done. */
EVERY_PROCESSOR
int32_t pairs_step(Pairs *p, const float *pre, const float *post, float modulator) {
    Change *change = &p->change;
    const float **cells = p->turned ? change->pre : change->post, **inputs = p->turned ? change->post : change->pre;
    cells[0] = post, inputs[0] = p->trace_pre, change->scale[0] = modulator * p->stronger;
    cells[1] = p->trace_post, inputs[1] = pre, change->scale[1] = modulator * p->weaker;
    const int32_t undone = change_weights(change);
    if (undone) return undone;
    const int64_t n_pre = p->turned ? change->cells : change->inputs;
    const int64_t n_post = p->turned ? change->inputs : change->cells;
    fade(p->trace_pre, pre, change->rows * n_pre, p->left_pre);
    fade(p->trace_post, post, change->rows * n_post, p->left_post);
    return 0;
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

/* ---- the visual cortex in eight bits: see reverie/layers/integer_cortex.py ------------------------------------------
 *
 * The product of patches and filters, rectification and pooling are one loop: what simple cells do is never written to
 * memory. All of it is whole numbers but one multiplication, so results are the same on every machine.
 */

#define TILE 6               /* patches whose sums stay in registers, with those of four times sixteen filters */
#define LARGEST_INTEGER 1024 /* numbers in a patch */
#define SLACK 64             /* bytes that may be read or written behind an array of pixels */

typedef struct {
    int64_t height, width, colours, side; /* of pictures; of a patch */
    int64_t filters, stored;              /* K; and rounded up to sixteen */
    int64_t rows, columns;                /* of the grid of pieces, the smallest areas that regions are made of */
    int64_t regions;
    double floor;          /* added to the variance, in grey levels squared */
    const void *kernel;    /* int8 [filters / 16][inputs / 4][16][4] for VNNI, else float [filters / 16][inputs][16] */
    const int32_t *upper;  /* [stored] levels beyond which on-cells fire */
    const int32_t *lower;  /* [stored] levels below which off-cells fire */
    const int32_t *across; /* [columns + 1] where the pieces begin */
    const int32_t *down;   /* [rows + 1] */
    const int32_t *areas;  /* [regions][4] pieces: top, bottom, left, right */
    const float *weight;   /* [regions][filters] of a region's sums */
} Compiled;

/* Levels of the patches of a piece, rectified and added to its sums. */
typedef void (*Piece)(const Compiled *p, int64_t places, const uint8_t *patches, const float *scale, int32_t *on,
                      int32_t *off);

#define STRIDE(p) (((p)->side * (p)->side * (p)->colours + 3) / 4 * 4)

/* Six patches, [d][6], and sixteen filters, [d][16]. Whole numbers below 2^24 are exact in float, and products of those
 * are what every processor is quick at. */
INLINE void six_products(int64_t d, const float *pixels, const float *kernel, Lanes *sum) {
    Lanes a = {0}, b = {0}, c = {0}, e = {0}, f = {0}, g = {0};
    for (int64_t i = 0; i < d; i++) {
        const Lanes weights = *(const Lanes *)(kernel + i * LANES);
        const float *pixel = pixels + i * TILE;
        a += pixel[0] * weights, b += pixel[1] * weights, c += pixel[2] * weights;
        e += pixel[3] * weights, f += pixel[4] * weights, g += pixel[5] * weights;
    }
    sum[0] = a, sum[1] = b, sum[2] = c, sum[3] = e, sum[4] = f, sum[5] = g;
}

EVERY_PROCESSOR __attribute__((optimize("fp-contract=fast"))) /* exact with it and without */
static void piece_plain(const Compiled *p, int64_t places, const uint8_t *patches, const float *scale, int32_t *on,
                        int32_t *off) {
    const int64_t stride = STRIDE(p), d = p->side * p->side * p->colours;
    float pixels[TILE * LARGEST_INTEGER];
    for (int64_t from = 0; from < places; from += TILE) {
        const int64_t many = places - from < TILE ? places - from : TILE;
        for (int64_t q = 0; q < TILE; q++)
            for (int64_t i = 0; i < d; i++) pixels[i * TILE + q] = q < many ? (float)patches[(from + q) * stride + i] : 0.0f;
        for (int64_t k = 0; k < p->stored; k += LANES) {
            Lanes sum[TILE];
            six_products(d, pixels, (const float *)p->kernel + k * d, sum);
            for (int64_t q = 0; q < many; q++)
                for (int64_t lane = 0; lane < LANES; lane++) {
                    const int32_t level = (int32_t)rintf(sum[q][lane] * scale[from + q]);
                    const int32_t upper = p->upper[k + lane], lower = p->lower[k + lane];
                    on[k + lane] += level > upper ? level : upper;
                    off[k + lane] += level < lower ? level : lower;
                }
        }
    }
}

#ifdef WIDE
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vnni")))

/* `many` patches and `wide` times sixteen filters. */
VNNI INLINE void tile(const int many, const int wide, int64_t stride, const uint8_t *patches, const float *scale,
                      const int8_t *kernel, const int32_t *upper, const int32_t *lower, int32_t *on, int32_t *off) {
    __m512i sum[TILE][4];
#pragma GCC unroll 6
    for (int q = 0; q < many; q++)
#pragma GCC unroll 4
        for (int v = 0; v < wide; v++) sum[q][v] = _mm512_setzero_si512();
    for (int64_t i = 0; i < stride; i += 4) {
        __m512i weights[4];
#pragma GCC unroll 4
        for (int v = 0; v < wide; v++) weights[v] = _mm512_loadu_si512(kernel + (v * stride + i) * LANES);
#pragma GCC unroll 6
        for (int q = 0; q < many; q++) {
            int32_t four;
            memcpy(&four, patches + q * stride + i, 4);
            const __m512i pixels = _mm512_set1_epi32(four);
#pragma GCC unroll 4
            for (int v = 0; v < wide; v++) __asm__("vpdpbusd %2, %1, %0" : "+v"(sum[q][v]) : "v"(pixels), "v"(weights[v]));
        }
    }
#pragma GCC unroll 4
    for (int v = 0; v < wide; v++) {
        const __m512i high = _mm512_loadu_si512(upper + v * LANES), low = _mm512_loadu_si512(lower + v * LANES);
        __m512i more = _mm512_loadu_si512(on + v * LANES), less = _mm512_loadu_si512(off + v * LANES);
#pragma GCC unroll 6
        for (int q = 0; q < many; q++) {
            const __m512 exact = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[q][v]), _mm512_set1_ps(scale[q]));
            const __m512i level = _mm512_cvt_roundps_epi32(exact, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
            more = _mm512_add_epi32(more, _mm512_max_epi32(level, high));
            less = _mm512_add_epi32(less, _mm512_min_epi32(level, low));
        }
        _mm512_storeu_si512(on + v * LANES, more), _mm512_storeu_si512(off + v * LANES, less);
    }
}

VNNI INLINE void strip(const int wide, const Compiled *p, int64_t k, int64_t places, const uint8_t *patches,
                       const float *scale, int32_t *on, int32_t *off) {
    const int64_t stride = STRIDE(p);
    const int8_t *kernel = (const int8_t *)p->kernel + k * stride;
    int64_t q = 0;
#define SOME(many) \
    tile(many, wide, stride, patches + q * stride, scale + q, kernel, p->upper + k, p->lower + k, on + k, off + k)
    for (; q + TILE <= places; q += TILE) SOME(TILE);
    switch (places - q) {
        case 5: SOME(5); break;
        case 4: SOME(4); break;
        case 3: SOME(3); break;
        case 2: SOME(2); break;
        case 1: SOME(1); break;
        default: break;
    }
}

VNNI static void piece_vnni(const Compiled *p, int64_t places, const uint8_t *patches, const float *scale, int32_t *on,
                            int32_t *off) {
    int64_t k = 0;
    for (; k + 4 * LANES <= p->stored; k += 4 * LANES) strip(4, p, k, places, patches, scale, on, off);
    switch ((p->stored - k) / LANES) {
        case 3: strip(3, p, k, places, patches, scale, on, off); break;
        case 2: strip(2, p, k, places, patches, scale, on, off); break;
        case 1: strip(1, p, k, places, patches, scale, on, off); break;
        default: break;
    }
}
#endif

/* Whether this processor multiplies eight bits by itself; `kernel` is int8 [filters / 16][inputs / 4][16][4] then. */
int32_t cortex_has_vnni(void) {
#ifdef WIDE
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
#else
    return 0;
#endif
}

/* 1 / standard deviation of every patch of a picture, in grey levels. `columns` has room for four lines and two. */
EVERY_PROCESSOR
static void contrasts(const Compiled *p, const uint8_t *picture, int32_t *columns, float *scale) {
    const int64_t side = p->side, colours = p->colours, line = p->width * colours, d = side * side * colours;
    const int64_t across = p->width - side + 1;
    int32_t *sums = columns, *squares = sums + line, *sum_to = squares + line, *square_to = sum_to + line + 1;
    memset(columns, 0, (size_t)(2 * line) * sizeof *columns);
    for (int64_t y = 0; y < p->height; y++) {
        const uint8_t *enters = picture + y * line, *leaves = picture + (y - side) * line;
        for (int64_t k = 0; k < line; k++) sums[k] += enters[k], squares[k] += enters[k] * enters[k];
        if (y >= side)
            for (int64_t k = 0; k < line; k++) sums[k] -= leaves[k], squares[k] -= leaves[k] * leaves[k];
        if (y < side - 1) continue;
        sum_to[0] = square_to[0] = 0;
        for (int64_t k = 0; k < line; k++) sum_to[k + 1] = sum_to[k] + sums[k], square_to[k + 1] = square_to[k] + squares[k];
        for (int64_t x = 0; x < across; x++) {
            const int64_t from = x * colours, to = (x + side) * colours;
            const int64_t sum = sum_to[to] - sum_to[from], square = square_to[to] - square_to[from];
            const double variance = (double)(d * square - sum * sum) / (double)(d * d);
            scale[(y - side + 1) * across + x] = (float)(1.0 / sqrt(variance + p->floor));
        }
    }
}

/* Patches of a piece, side by side; what lies between them and the next multiple of four meets filters of zero. */
static int64_t cut_out(const Compiled *p, const uint8_t *picture, int64_t piece, const float *scale, uint8_t *patches,
                       float *scales) {
    const int64_t line = p->side * p->colours, stride = STRIDE(p), across = p->width - p->side + 1;
    const int64_t row = piece / p->columns, column = piece % p->columns;
    int64_t places = 0;
    for (int64_t y = p->down[row]; y < p->down[row + 1]; y++)
        for (int64_t x = p->across[column]; x < p->across[column + 1]; x++, places++) {
            scales[places] = scale[y * across + x];
            for (int64_t k = 0; k < p->side; k++) {
                const uint8_t *from = picture + ((y + k) * p->width + x) * p->colours;
                uint8_t *to = patches + places * stride + k * line;
                for (int64_t byte = 0; byte < line; byte += 16) memcpy(to + byte, from + byte, 16);
            }
        }
    return places;
}

/* Sums of pieces to spike counts of regions. */
EVERY_PROCESSOR
static void count_spikes(const Compiled *p, const int32_t *sums, int32_t *region, uint8_t *out) {
    const int64_t stored = p->stored;
    for (int64_t r = 0; r < p->regions; r++) {
        const int32_t *area = p->areas + 4 * r;
        memset(region, 0, (size_t)(2 * stored) * sizeof *region);
        for (int64_t row = area[0]; row < area[1]; row++)
            for (int64_t column = area[2]; column < area[3]; column++) {
                const int32_t *piece = sums + (row * p->columns + column) * 2 * stored;
                for (int64_t k = 0; k < 2 * stored; k++) region[k] += piece[k];
            }
        const int32_t places = (p->down[area[1]] - p->down[area[0]]) * (p->across[area[3]] - p->across[area[2]]);
        const float *weight = p->weight + r * p->filters;
        uint8_t *on = out + r * 2 * p->filters, *off = on + p->filters;
        for (int64_t k = 0; k < p->filters; k++) {
            const float more = rintf(sqrtf((float)(region[k] - places * p->upper[k]) * weight[k]));
            const float less = rintf(sqrtf((float)(places * p->lower[k] - region[stored + k]) * weight[k]));
            on[k] = (uint8_t)(more < 127.0f ? more : 127.0f), off[k] = (uint8_t)(less < 127.0f ? less : 127.0f);
        }
    }
}

/* Pictures [n, height, width, colours] to spike counts [n, regions, on and off, filters]; 0, or -1 without memory. */
int32_t cortex_integer(const Compiled *p, int64_t n, const uint8_t *pictures, uint8_t *out, int32_t vnni) {
    const int64_t pixels = p->height * p->width * p->colours, pieces = p->rows * p->columns, stride = STRIDE(p);
    const int64_t across = p->width - p->side + 1, places = (p->height - p->side + 1) * across;
    int64_t most = 0;
    for (int64_t row = 0; row < p->rows; row++)
        for (int64_t column = 0; column < p->columns; column++) {
            const int64_t here = (int64_t)(p->down[row + 1] - p->down[row]) * (p->across[column + 1] - p->across[column]);
            most = here > most ? here : most;
        }
    uint8_t *picture = malloc((size_t)(pixels + SLACK)), *patches = malloc((size_t)(most * stride + SLACK));
    float *scale = malloc((size_t)places * sizeof *scale), *scales = malloc((size_t)most * sizeof *scales);
    int32_t *sums = malloc((size_t)((pieces + 1) * 2 * p->stored + 4 * p->width * p->colours + 2) * sizeof *sums);
    const int failed = !picture || !patches || !scale || !scales || !sums;
    if (!failed) {
        int32_t *region = sums + pieces * 2 * p->stored, *columns = region + 2 * p->stored;
        Piece run = piece_plain;
#ifdef WIDE
        if (vnni) run = piece_vnni;
#endif
        memset(picture + pixels, 0, SLACK);
        for (int64_t q = 0; q < n; q++) {
            memcpy(picture, pictures + q * pixels, (size_t)pixels);
            memset(sums, 0, (size_t)(pieces * 2 * p->stored) * sizeof *sums);
            contrasts(p, picture, columns, scale);
            for (int64_t piece = 0; piece < pieces; piece++) {
                const int64_t here = cut_out(p, picture, piece, scale, patches, scales);
                int32_t *on = sums + piece * 2 * p->stored;
                run(p, here, patches, scales, on, on + p->stored);
            }
            count_spikes(p, sums, region, out + q * p->regions * 2 * p->filters);
        }
    }
    free(picture), free(patches), free(scale), free(scales), free(sums);
    (void)vnni;
    return failed ? -1 : 0;
}
