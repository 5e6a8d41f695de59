/* Times the matrix products of BLAS libraries without an interpreter in the loop; peers.py compiles and loads it. */
#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The Fortran interface: column-major, 32-bit sizes by address. */
typedef void fortran_gemm(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
                          const void* alpha, const void* a, const int* lda, const void* b, const int* ldb,
                          const void* beta, void* c, const int* ldc);

double time_fortran(fortran_gemm* gemm, int64_t calls, char trans_a, char trans_b, int m, int n, int k,
                    const void* alpha, const void* a, int lda, const void* b, int ldb, const void* beta, void* c,
                    int ldc) {
  const double start = now();
  for (int64_t i = 0; i < calls; ++i) gemm(&trans_a, &trans_b, &m, &n, &k, alpha, a, &lda, b, &ldb, beta, c, &ldc);
  return now() - start;
}

/* BLIS's own interface: a row and a column stride for each matrix, 64-bit sizes. */
typedef void blis_gemm(int trans_a, int trans_b, int64_t m, int64_t n, int64_t k, const void* alpha, const void* a,
                       int64_t rs_a, int64_t cs_a, const void* b, int64_t rs_b, int64_t cs_b, const void* beta, void* c,
                       int64_t rs_c, int64_t cs_c);

double time_blis(blis_gemm* gemm, int64_t calls, int64_t m, int64_t n, int64_t k, const void* alpha, const void* a,
                 int64_t rs_a, int64_t cs_a, const void* b, int64_t rs_b, int64_t cs_b, const void* beta, void* c,
                 int64_t rs_c, int64_t cs_c) {
  const double start = now();
  for (int64_t i = 0; i < calls; ++i) gemm(0, 0, m, n, k, alpha, a, rs_a, cs_a, b, rs_b, cs_b, beta, c, rs_c, cs_c);
  return now() - start;
}
