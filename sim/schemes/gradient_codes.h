// The gradient codes a configuration can name, in both fields, with their ranges.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/schemes/linear_codebook.h"

namespace straggle {

/// All codes, those that come with a scheme and are in no field too, and what they are.
const std::vector<Word>& named_codes();

/// The field "code" with "cyclic", "reed-solomon" and "cyclic-mds", of which any n − load + 1 rows decode n
/// blocks; `load` is how many blocks a row combines, s + 1 for s stragglers.
const Field& cyclic_code_field();
/// The same and "fractional-repetition".
const Field& gradient_code_field();

/// One of these for n blocks; `seed` decides the random ones.
std::shared_ptr<const SharedCode> cyclic_code(const std::string& name, int n, int load, std::uint64_t seed);

/// The rows of n workers with messages of these orders (in blocks, rising): row w·orders.size() + j is
/// message j of worker w, over blocks w … w + orders[j] − 1 modulo n. GC-MMC, section III-B.
std::shared_ptr<const SharedCode> multi_message_code(int n, const std::vector<int>& orders);

/// One row, the plain sum of `parts` blocks.
std::shared_ptr<const SharedCode> sum_code(int parts);

/// Reports a mistake when trials are to be verified and the code, of cyclic_code() or multi_message_code(),
/// is too large for that or, decoded in doubles, has no digits left. Takes seconds for thousands of workers:
/// call it when all else is right.
void refuse_out_of_range(ConfigReader& config, const SchemeContext& context, const std::string& name, int n,
                         int load);
void refuse_out_of_range(ConfigReader& config, const SchemeContext& context, int n,
                         const std::vector<int>& orders);

/// Sections for `clusters` copies of a code over `blocks` blocks each, on disjoint, consecutive blocks.
std::vector<Section> copies(std::shared_ptr<const SharedCode> code, std::size_t clusters, std::size_t blocks,
                            std::size_t first_block = 0);

}  // namespace straggle
