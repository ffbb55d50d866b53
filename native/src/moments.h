/* What batch norm sums over the values of a channel; of several shares it is the sum of theirs. */
#ifndef GRADSIEVE_MOMENTS_H
#define GRADSIEVE_MOMENTS_H

namespace gradsieve {

struct Moments {
    double count, sum, squares; /* how many values, sum x, sum x^2 */

    double mean() const { return sum / count; }
    /* Sum of squared deviations; a rounding may leave it below 0. */
    double deviations() const {
        const double of = squares - sum * mean();
        return of < 0 ? 0 : of; /* NaN stays */
    }
};

}  // namespace gradsieve
#endif
