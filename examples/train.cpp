// train [IMAGES FOLDER]: a multilayer perceptron on Fashion-MNIST, 784-128-64-10, with Poise's layers between Eigen's
// products: without normalization, with batch norm, with layer norm; and on raw bytes, with batch norm as first layer
// in place of data normalization. Writes the loss curves to train.svg and prints each network's share of right test
// images. The folder holds the four files of the data set, uncompressed or .gz; by default Debian's
// dataset-fashion-mnist.

#include <poise/poise.h>
#include <zlib.h>
#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::Matrix<float, 1, Eigen::Dynamic>;

constexpr int pixels = 784, classes = 10, batch_size = 100, epochs = 2;
constexpr float first_rate = 0.05F, momentum = 0.9F;

enum class Norm { none, batch, layer };

poise::TensorView view(Matrix& m) { return {m.data(), {m.rows(), m.cols()}}; }
poise::TensorView view(Row& r) { return {r.data(), {r.cols()}}; }

// A parameter, its gradient, and stochastic gradient descent with momentum.
template <class M>
struct Parameter {
  M value, gradient, velocity;
  explicit Parameter(M start)
      : value(std::move(start)), gradient(value), velocity(M::Zero(value.rows(), value.cols())) {}
  void step(float rate) {
    velocity = momentum * velocity - rate * gradient;
    value += velocity;
  }
};

// gamma and beta, what the forward pass saved, and the running statistics of batch norm.
class Normalization {
 public:
  Normalization(Norm kind, int features)
      : kind_(kind),
        gamma_(Row::Ones(features)),
        beta_(Row::Zero(features)),
        mean_(Row::Zero(features)),
        var_(Row::Ones(features)) {}

  // y = relu(norm(z)), or for `first` norm(z) alone.
  void forward(Matrix& y, Matrix& z, bool training, poise::Activation activation) {
    const poise::Epilogue epilogue{.activation = activation};
    if (kind_ == Norm::layer) {
      poise::layer_norm(view(y), view(z),
                        {.gamma = view(gamma_.value), .beta = view(beta_.value), .epilogue = epilogue});
    } else {
      poise::BatchNormResults results;
      if (training) results = {.running_mean = view(mean_), .running_var = view(var_)};
      poise::batch_norm(view(y), view(z), batch_options(training, epilogue), results);
    }
  }
  // dz from dy, gamma's and beta's gradients on the way.
  void backward(Matrix& dz, Matrix& dy, Matrix& z, Matrix& y, poise::Activation activation) {
    const poise::Gradients g{.dx = view(dz), .dgamma = view(gamma_.gradient), .dbeta = view(beta_.gradient)};
    poise::Epilogue epilogue{.activation = activation};
    if (activation != poise::Activation::none) epilogue.y = view(y);
    if (kind_ == Norm::layer) {
      poise::layer_norm_backward(g, view(dy), view(z), {}, {.gamma = view(gamma_.value), .epilogue = epilogue});
    } else {
      poise::batch_norm_backward(g, view(dy), view(z), {}, batch_options(true, epilogue));
    }
  }
  void step(float rate) {
    gamma_.step(rate);
    beta_.step(rate);
  }

 private:
  poise::BatchNormOptions batch_options(bool training, const poise::Epilogue& epilogue) {
    return {.mode = training ? poise::BatchNormMode::training : poise::BatchNormMode::evaluation,
            .gamma = view(gamma_.value),
            .beta = view(beta_.value),
            .epilogue = epilogue,
            .running_mean = view(mean_),
            .running_var = view(var_)};
  }

  Norm kind_;
  Parameter<Row> gamma_, beta_;
  Row mean_, var_;
};

// z = x W + b, y = relu(norm(z)); the last layer is z alone.
class Layer {
 public:
  Layer(Norm norm, int inputs, int outputs, bool last, std::mt19937& random)
      : kind_(last ? Norm::none : norm),
        last_(last),
        w_(start(inputs, outputs, random)),
        b_(Row::Zero(outputs)),
        norm_(norm, outputs) {}

  Matrix& forward(Matrix& x, bool training) {
    x_ = &x;
    z_.noalias() = x * w_.value;
    z_.rowwise() += b_.value;
    y_.resize(z_.rows(), z_.cols());
    if (kind_ != Norm::none) {
      norm_.forward(y_, z_, training, poise::Activation::relu);
    } else {
      y_ = last_ ? z_ : Matrix(z_.cwiseMax(0.0F));
    }
    return y_;
  }
  Matrix& backward(Matrix& dy) {
    dz_.resize(dy.rows(), dy.cols());
    if (kind_ != Norm::none) {
      norm_.backward(dz_, dy, z_, y_, poise::Activation::relu);
    } else {
      dz_ = last_ ? dy : Matrix((y_.array() > 0).select(dy, 0.0F));
    }
    w_.gradient.noalias() = x_->transpose() * dz_;
    b_.gradient = dz_.colwise().sum();
    dx_.noalias() = dz_ * w_.value.transpose();
    return dx_;
  }
  void step(float rate) {
    w_.step(rate);
    b_.step(rate);
    if (kind_ != Norm::none) norm_.step(rate);
  }

 private:
  static Matrix start(int inputs, int outputs, std::mt19937& random) {
    std::normal_distribution<float> normal(0, std::sqrt(2.0F / static_cast<float>(inputs)));
    return Matrix::NullaryExpr(inputs, outputs, [&] { return normal(random); });
  }

  Norm kind_;
  bool last_;
  Parameter<Matrix> w_;
  Parameter<Row> b_;
  Normalization norm_;
  Matrix *x_ = nullptr, z_, y_, dz_, dx_;
};

// --- the data ---

std::vector<unsigned char> read_file(const std::string& path, std::size_t header, std::size_t bytes) {
  gzFile file = gzopen((path + ".gz").c_str(), "rb");
  if (file == nullptr) file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("cannot open " + path);
  std::vector<unsigned char> all(header + bytes);
  const int got = gzread(file, all.data(), static_cast<unsigned>(all.size()));
  gzclose(file);
  if (got != static_cast<int>(all.size())) throw std::runtime_error(path + " is cut short");
  return {all.begin() + static_cast<std::ptrdiff_t>(header), all.end()};
}

struct Data {
  Matrix x;
  std::vector<unsigned char> label;
  Data(const std::string& folder, const std::string& name, int images)
      : x(images, pixels),
        label(read_file(folder + "/" + name + "-labels-idx1-ubyte", 8, static_cast<std::size_t>(images))) {
    const auto bytes =
        read_file(folder + "/" + name + "-images-idx3-ubyte", 16, static_cast<std::size_t>(images) * pixels);
    std::copy(bytes.begin(), bytes.end(), x.data());
  }
};

// --- training ---

struct Network {
  std::string name;
  Norm norm;
  bool raw;  // bytes as they are, with batch norm as first layer
};

struct Curve {
  std::string name;
  std::vector<double> loss;
  double right = 0;
};

// The mean cross entropy, and its gradient to the last layer's z in place of z.
double cross_entropy(Matrix& z, const unsigned char* label) {
  double loss = 0;
  for (Eigen::Index i = 0; i < z.rows(); ++i) {
    z.row(i).array() -= z.row(i).maxCoeff();
    z.row(i) = z.row(i).array().exp();
    z.row(i) /= z.row(i).sum();
    loss -= std::log(std::max(z(i, label[i]), 1e-30F));
    z(i, label[i]) -= 1;
  }
  z /= static_cast<float>(z.rows());
  return loss / static_cast<double>(z.rows());
}

class Model {
 public:
  explicit Model(const Network& n)
      : raw_(n.raw),
        random_(7),
        first_(Norm::batch, pixels),
        layers_{{n.norm, pixels, 128, false, random_},
                {n.norm, 128, 64, false, random_},
                {n.norm, 64, classes, true, random_}} {}

  Matrix& forward(const Matrix& x, bool training) {
    x_ = x;
    input_.resize(x.rows(), x.cols());
    if (raw_) {
      first_.forward(input_, x_, training, poise::Activation::none);
    } else {
      poise::zscore(view(input_), view(x_), {.channel_axis = -1, .mean = constant(mean_), .std = constant(std_)});
    }
    Matrix* y = &input_;
    for (Layer& layer : layers_) y = &layer.forward(*y, training);
    return *y;
  }
  double step(const Matrix& x, const unsigned char* label, float rate) {
    Matrix dy = forward(x, true);
    const double loss = cross_entropy(dy, label);
    Matrix* d = &dy;
    for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) d = &layer->backward(*d);
    if (raw_) {
      first_.backward(*d, *d, x_, input_, poise::Activation::none);
      first_.step(rate);
    }
    for (Layer& layer : layers_) layer.step(rate);
    return loss;
  }

 private:
  static poise::ConstTensorView constant(const float& value) { return {&value, poise::Dims{}}; }

  bool raw_;
  std::mt19937 random_;
  Normalization first_;
  std::vector<Layer> layers_;
  Matrix x_, input_;
  // Of the training images' bytes, exactly as `poise stats` gives them.
  float mean_ = 72.940352F, std_ = 90.021182F;
};

Curve train(const Network& network, const Data& training, const Data& test) {
  Curve curve{network.name, {}, 0};
  Model model(network);
  std::vector<int> order(static_cast<std::size_t>(training.x.rows() / batch_size));
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 random(3);
  for (int epoch = 0; epoch < epochs; ++epoch) {
    std::shuffle(order.begin(), order.end(), random);
    for (const int b : order) {
      // Down to 0 in the end, so that the running statistics are those of the last weights.
      const auto done = static_cast<float>(curve.loss.size()) / static_cast<float>(epochs * order.size());
      curve.loss.push_back(model.step(training.x.middleRows(b * batch_size, batch_size),
                                      training.label.data() + b * batch_size, first_rate * (1 - done)));
    }
  }
  const Matrix& z = model.forward(test.x, false);
  for (Eigen::Index i = 0; i < z.rows(); ++i) {
    Eigen::Index best = 0;
    z.row(i).maxCoeff(&best);
    curve.right += best == test.label[static_cast<std::size_t>(i)] ? 1.0 / static_cast<double>(z.rows()) : 0;
  }
  return curve;
}

// The loss of each step, averaged over the last 30, from 0 to 1.5.
void draw(const std::vector<Curve>& curves, const std::string& path) {
  const char* colors[] = {"#666666", "#d95f02", "#1b9e77", "#7570b3"};
  std::ofstream svg(path);
  svg << "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 640 360' font-family='sans-serif' font-size='13'>\n"
      << "<rect width='640' height='360' fill='white'/>\n<path d='M50 20V320H620' fill='none' stroke='#999'/>\n";
  for (int tick = 0; tick <= 3; ++tick) {
    svg << "<text x='44' y='" << 324 - tick * 100 << "' text-anchor='end'>" << tick * 0.5 << "</text>\n";
  }
  svg << "<text x='335' y='348' text-anchor='middle'>step</text>\n";
  for (std::size_t c = 0; c < curves.size(); ++c) {
    const auto& loss = curves[c].loss;
    svg << "<polyline fill='none' stroke='" << colors[c] << "' points='";
    double mean = loss[0];
    for (std::size_t i = 0; i < loss.size(); ++i) {
      mean += (loss[i] - mean) / static_cast<double>(std::min<std::size_t>(i + 1, 30));
      if (i % 4 != 0) continue;
      svg << 50 + 570 * static_cast<double>(i) / static_cast<double>(loss.size()) << ','
          << 320 - 200 * std::min(mean, 1.5) << ' ';
    }
    svg << "'/>\n<text x='420' y='" << 40 + 18 * c << "' fill='" << colors[c] << "'>" << curves[c].name << "</text>\n";
  }
  svg << "</svg>\n";
  if (!svg.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string folder = argc > 1 ? argv[1] : "/usr/share/datasets/fashion-mnist";
    if (!std::ifstream(folder + "/t10k-labels-idx1-ubyte.gz") && !std::ifstream(folder + "/t10k-labels-idx1-ubyte")) {
      std::printf("train: no Fashion-MNIST in %s (Debian's dataset-fashion-mnist)\n", folder.c_str());
      return 77;
    }
    const Data training(folder, "train", 60000), test(folder, "t10k", 10000);
    std::vector<Curve> curves;
    for (const Network& n :
         {Network{"no normalization", Norm::none, false}, Network{"batch norm", Norm::batch, false},
          Network{"layer norm", Norm::layer, false}, Network{"batch norm, on raw bytes", Norm::batch, true}}) {
      curves.push_back(train(n, training, test));
      const auto& loss = curves.back().loss;
      const double last = std::accumulate(loss.end() - 100, loss.end(), 0.0) / 100;
      std::printf("%-26s loss of the last 100 steps %.3f, right test images %.1f %%\n", n.name.c_str(), last,
                  100 * curves.back().right);
    }
    draw(curves, "train.svg");
    std::printf("loss curves: train.svg\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train: %s\n", error.what());
    return 1;
  }
}
