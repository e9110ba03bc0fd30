#include "harness/selftest/machine_model.h"

#include <algorithm>
#include <boost/random/bernoulli_distribution.hpp>
#include <boost/random/exponential_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/student_t_distribution.hpp>
#include <boost/random/uniform_01.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

namespace fanin::harness {
namespace {

// The upper quartiles of the distributions: of the standard normal, of Student's t with 3 and 2 degrees of freedom, and
// half the distance between the quartiles of the exponential of a standard normal.
constexpr double kNormalQuartile = 0.67448975019608174;
constexpr double kT3Quartile = 0.76489232840434507;
constexpr double kT2Quartile = 0.81649658092772603;
constexpr double kLognormalHalfSpread = 0.72680740014748979;

double draw_normal(Random& random) { return boost::random::normal_distribution<double>()(random); }

double draw_uniform(Random& random) { return boost::random::uniform_01<double>()(random); }

std::vector<double> walk(std::size_t count, Random& random) {
  const double step = 1 / std::sqrt(static_cast<double>(count));
  std::vector<double> speeds(count);
  double speed = 0;
  for (double& each : speeds) {
    speed += step * draw_normal(random);
    each = speed;
  }
  return speeds;
}

std::vector<double> alternate(std::size_t count, Random& random) {
  const boost::random::exponential_distribution<double> stay(10 / static_cast<double>(count));
  std::vector<double> speeds(count);
  double speed = draw_uniform(random) < 0.5 ? -1 : 1;
  double until = stay(random);
  for (std::size_t i = 0; i < count; ++i) {
    for (; until < static_cast<double>(i); until += stay(random)) {
      speed = -speed;
    }
    speeds[i] = speed;
  }
  return speeds;
}

}  // namespace

double draw_noise(Noise noise, Random& random) {
  switch (noise) {
    case Noise::kNormal:
      break;
    case Noise::kT3:
      return boost::random::student_t_distribution<double>(3)(random) * (kNormalQuartile / kT3Quartile);
    case Noise::kT2:
      return boost::random::student_t_distribution<double>(2)(random) * (kNormalQuartile / kT2Quartile);
    case Noise::kLognormal:
      return (std::exp(draw_normal(random)) - 1) * (kNormalQuartile / kLognormalHalfSpread);
    case Noise::kContaminated:
      return draw_normal(random) * (draw_uniform(random) < 0.05 ? 10 : 1);
  }
  return draw_normal(random);
}

std::vector<double> draw_noises(Noise noise, std::size_t count, Random& random) {
  std::vector<double> values(count);
  std::generate(values.begin(), values.end(), [&] { return draw_noise(noise, random); });
  return values;
}

std::vector<double> draw_drift(MachineDrift drift, std::size_t count, Random& random) {
  if (drift == MachineDrift::kRandomWalk) {
    return walk(count, random);
  }
  if (drift == MachineDrift::kTwoSpeeds) {
    return alternate(count, random);
  }
  const double phase = draw_uniform(random);  // of the sine; when the step comes
  std::vector<double> speeds(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double time = (static_cast<double>(i) + 0.5) / static_cast<double>(count);  // 0 to 1
    if (drift == MachineDrift::kLinear) {
      speeds[i] = 2 * time - 1;
    } else if (drift == MachineDrift::kSine) {
      speeds[i] = std::sin(2 * std::numbers::pi * (1.5 * time + phase));
    } else if (drift == MachineDrift::kStep) {
      speeds[i] = time < 0.4 + 0.2 * phase ? -1 : 1;
    }
  }
  return speeds;
}

std::vector<std::size_t> draw_order(std::size_t count, Random& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i) {  // Fisher and Yates, since std::shuffle differs between libraries
    std::swap(order[i - 1], order[boost::random::uniform_int_distribution<std::size_t>(0, i - 1)(random)]);
  }
  return order;
}

}  // namespace fanin::harness
