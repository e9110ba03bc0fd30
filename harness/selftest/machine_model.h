#pragma once

#include <array>
#include <boost/random/mersenne_twister.hpp>
#include <cstddef>
#include <string_view>
#include <vector>

namespace fanin::harness {

// Boost.Random gives the same numbers with every standard library.
using Random = boost::random::mt19937_64;

// How measurements scatter around what the machine gives.
enum class Noise { kNormal, kT3, kT2, kLognormal, kContaminated };
// How the speed of the machine changes while one measures.
enum class MachineDrift { kNone, kLinear, kRandomWalk, kSine, kStep, kTwoSpeeds };

// A kind of series that procedures are tried on.
struct SeriesKind {
  std::string_view name;
  std::string_view about;
  Noise noise;
  MachineDrift drift;
};

inline constexpr std::array<SeriesKind, 10> kSeriesKinds{{
    {"normal", "normal noise on a steady machine", Noise::kNormal, MachineDrift::kNone},
    {"t3", "Student's t with 3 degrees of freedom", Noise::kT3, MachineDrift::kNone},
    {"t2", "Student's t with 2 degrees of freedom: infinite variance", Noise::kT2, MachineDrift::kNone},
    {"lognormal", "skewed: the exponential of a standard normal", Noise::kLognormal, MachineDrift::kNone},
    {"contaminated", "normal; one value in 20 has ten times the deviation", Noise::kContaminated, MachineDrift::kNone},
    {"linear", "the logarithm of the machine's speed rises from -d to d", Noise::kNormal, MachineDrift::kLinear},
    {"walk", "the speed is a random walk; its standard deviation at the end is d", Noise::kNormal,
     MachineDrift::kRandomWalk},
    {"sine", "the speed swings with amplitude d, one and a half periods in all", Noise::kNormal, MachineDrift::kSine},
    {"step", "the speed steps from -d to d at a moment in the middle fifth", Noise::kNormal, MachineDrift::kStep},
    {"two speeds", "the speed alternates between -d and d, ten times in all on average", Noise::kNormal,
     MachineDrift::kTwoSpeeds},
}};

// Noise with median 0. The middle half of its values is as wide as that of a standard normal distribution; that of
// kContaminated is slightly wider.
double draw_noise(Noise noise, Random& random);
std::vector<double> draw_noises(Noise noise, std::size_t count, Random& random);

// The logarithmic speed of the machine at `count` moments at equal distances, for d = 1. Its mean over all series is 0.
std::vector<double> draw_drift(MachineDrift drift, std::size_t count, Random& random);

// A random order of 0 to count - 1.
std::vector<std::size_t> draw_order(std::size_t count, Random& random);

}  // namespace fanin::harness
