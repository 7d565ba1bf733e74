"""Layers that map one tensor to one: linear maps, convolutions, normalisation, dropout."""

from __future__ import annotations

from table import Row, normal

IMAGES = normal(3, 4, 7, 6)

ROWS = [
    Row("Identity", "nn.Identity()", (normal(3, 2),)),
    Row("Linear", "nn.Linear(5, 3)", (normal(4, 5),)),
    Row("Linear_no_bias", "nn.Linear(5, 3, bias=False)", (normal(2, 4, 5),)),
    Row("Bilinear", "nn.Bilinear(3, 4, 2)", (normal(5, 3), normal(5, 4))),
    Row("Bilinear_no_bias", "nn.Bilinear(3, 4, 2, bias=False)", (normal(2, 5, 3), normal(2, 5, 4))),
    Row("Flatten", "nn.Flatten(1, 2)", (normal(3, 2, 4, 2),)),
    Row("Flatten_default", "nn.Flatten()", (normal(3, 2, 4, 2),)),
    Row("Unflatten", "nn.Unflatten(1, (2, 3))", (normal(3, 6),)),
    # ---- convolutions
    Row("Conv1d", "nn.Conv1d(4, 6, 3, stride=2, padding=1)", (normal(3, 4, 9),)),
    Row("Conv1d_same", 'nn.Conv1d(2, 3, 4, padding="same", dilation=2)', (normal(3, 2, 9),)),
    Row("Conv2d", "nn.Conv2d(4, 6, 3)", (IMAGES,)),
    Row(
        "Conv2d_options",
        "nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, "
        "bias=False)",
        (IMAGES,),
    ),
    Row("Conv2d_same", 'nn.Conv2d(4, 2, (2, 3), padding="same")', (IMAGES,)),
    Row("Conv2d_valid", 'nn.Conv2d(4, 2, 3, padding="valid", bias=False)', (IMAGES,)),
    Row(
        "Conv2d_reflect",
        'nn.Conv2d(4, 2, 3, padding=(1, 2), padding_mode="reflect")',
        (IMAGES,),
    ),
    Row(
        "Conv2d_circular",
        'nn.Conv2d(4, 2, 3, padding="same", padding_mode="circular")',
        (IMAGES,),
    ),
    Row("Conv2d_replicate", 'nn.Conv2d(4, 2, 3, padding=1, padding_mode="replicate")', (IMAGES,)),
    Row("Conv2d_unbatched", "nn.Conv2d(4, 2, 3)", (normal(4, 5, 6),)),
    Row("Conv3d", "nn.Conv3d(2, 4, (2, 3, 2), padding=1, groups=2)", (normal(2, 2, 4, 5, 3),)),
    Row(
        "ConvTranspose1d",
        "nn.ConvTranspose1d(4, 6, 3, stride=2, output_padding=1, groups=2)",
        (normal(3, 4, 5),),
    ),
    Row(
        "ConvTranspose2d",
        "nn.ConvTranspose2d(4, 3, (3, 2), stride=2, padding=(1, 0), dilation=(1, 2))",
        (IMAGES,),
    ),
    Row(
        "ConvTranspose2d_size",
        "nn.ConvTranspose2d(4, 3, 3, stride=2, bias=False)",
        (IMAGES,),
        python_call="model(x, (16, 14))",
    ),
    Row("ConvTranspose3d", "nn.ConvTranspose3d(2, 3, 2, stride=2)", (normal(2, 2, 3, 2, 4),)),
    # ---- normalisation
    Row("BatchNorm1d", "nn.BatchNorm1d(4)", (normal(6, 4),)),
    Row("BatchNorm1d_cumulative", "nn.BatchNorm1d(4, momentum=None)", (normal(3, 4, 5),)),
    Row("BatchNorm2d", "nn.BatchNorm2d(4, eps=1e-3, momentum=0.2)", (IMAGES,)),
    Row("BatchNorm2d_plain", "nn.BatchNorm2d(4, affine=False)", (IMAGES,)),
    Row(
        "BatchNorm2d_batch",
        "nn.BatchNorm2d(4, track_running_stats=False, bias=False)",
        (IMAGES,),
    ),
    Row("BatchNorm3d", "nn.BatchNorm3d(2)", (normal(3, 2, 3, 2, 4),)),
    Row("SyncBatchNorm", "nn.SyncBatchNorm(4)", (IMAGES,)),
    Row(
        "InstanceNorm1d",
        "nn.InstanceNorm1d(4, affine=True, track_running_stats=True)",
        (normal(3, 4, 5),),
    ),
    Row("InstanceNorm2d", "nn.InstanceNorm2d(4)", (IMAGES,)),
    Row(
        "InstanceNorm2d_unbatched",
        "nn.InstanceNorm2d(4, affine=True, bias=False)",
        (normal(4, 3, 5),),
    ),
    Row("InstanceNorm3d", "nn.InstanceNorm3d(2, affine=True)", (normal(3, 2, 3, 2, 4),)),
    Row("LayerNorm", "nn.LayerNorm(6)", (normal(3, 4, 6),)),
    Row("LayerNorm_shape", "nn.LayerNorm((4, 6), eps=1e-3, bias=False)", (normal(3, 4, 6),)),
    Row("LayerNorm_plain", "nn.LayerNorm(6, elementwise_affine=False)", (normal(3, 6),)),
    Row("GroupNorm", "nn.GroupNorm(2, 4)", (IMAGES,)),
    Row("GroupNorm_plain", "nn.GroupNorm(4, 4, affine=False)", (IMAGES,)),
    Row("RMSNorm", "nn.RMSNorm(6)", (normal(3, 4, 6),)),
    Row("RMSNorm_shape", "nn.RMSNorm((4, 6), eps=1e-2)", (normal(3, 4, 6),)),
    Row("LocalResponseNorm", "nn.LocalResponseNorm(3, alpha=0.1, k=2.0)", (IMAGES,)),
    Row("LocalResponseNorm_even", "nn.LocalResponseNorm(2)", (normal(2, 5, 4),)),
    Row("CrossMapLRN2d", "nn.CrossMapLRN2d(3, alpha=0.1, beta=0.5)", (IMAGES,)),
    # ---- dropout
    Row("Dropout", "nn.Dropout(0.3)", (normal(4, 5),)),
    Row(
        "Dropout_inplace",
        "nn.Sequential(nn.Linear(5, 6), nn.Dropout(0.3, inplace=True))",
        (normal(4, 5),),
    ),
    Row("Dropout1d", "nn.Dropout1d(0.4)", (normal(5, 6, 3),)),
    Row("Dropout1d_unbatched", "nn.Dropout1d(0.4)", (normal(6, 3),)),
    Row("Dropout2d", "nn.Dropout2d(0.4)", (normal(3, 6, 2, 3),)),
    Row("Dropout3d", "nn.Dropout3d(0.4)", (normal(3, 6, 2, 3, 2),)),
    Row("AlphaDropout", "nn.AlphaDropout(0.4)", (normal(4, 5),)),
    Row("FeatureAlphaDropout", "nn.FeatureAlphaDropout(0.4)", (normal(4, 5, 3),)),
    # ---- containers
    Row(
        "Sequential",
        "nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), "
        "nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.25), nn.Linear(54, 3))",
        (IMAGES,),
    ),
    Row(
        "ModuleList",
        "nn.ModuleList([nn.Linear(5, 4), nn.Linear(4, 5)])",
        (normal(3, 5),),
        cpp="nn::ModuleList{nn::make<nn::Linear>(5, 4), nn::make<nn::Linear>(4, 5)}",
        python_call="model[1](model[0](x))",
        cpp_call="model[1](model[0](x))",
    ),
    Row(
        "ModuleDict",
        'nn.ModuleDict({"b": nn.Linear(5, 4), "a": nn.Linear(4, 5)})',
        (normal(3, 5),),
        cpp='nn::ModuleDict{{"b", nn::make<nn::Linear>(5, 4)}, {"a", nn::make<nn::Linear>(4, 5)}}',
        python_call='model["a"](model["b"](x))',
        cpp_call='model["a"](model["b"](x))',
    ),
    Row(
        "ParameterList",
        "nn.ParameterList([wg.randn(5), wg.randn(3, 5)])",
        (normal(3, 5),),
        cpp="nn::ParameterList{randn({5}), randn({3, 5})}",
        python_call="x * model[0] + model[-1]",
        cpp_call="x * model[0] + model[-1]",
    ),
    Row(
        "ParameterDict",
        'nn.ParameterDict({"a": wg.randn(5), "b": wg.randn(3, 5)})',
        (normal(3, 5),),
        cpp='nn::ParameterDict{{"a", randn({5})}, {"b", randn({3, 5})}}',
        python_call='x * model["a"] + model["b"]',
        cpp_call='x * model["a"] + model["b"]',
    ),
    Row(
        "Module",
        "Net()",
        (normal(4, 5),),
        python_before=(
            "class Net(nn.Module):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        self.hidden = nn.Linear(5, 8)\n"
            "        self.out = nn.Linear(8, 2)\n"
            "        self.scale = nn.Parameter(wg.ones(2))\n"
            "        self.register_buffer('shift', wg.full((2,), 0.5))\n"
            "        self.register_buffer('hidden_shift', wg.ones(2), persistent=False)\n"
            "    def forward(self, x):\n"
            "        y = self.out(F.relu(self.hidden(x)))\n"
            "        return y * self.scale + self.shift - self.hidden_shift\n"
        ),
        cpp_before="""
struct Net : nn::Module {
  nn::Linear hidden{5, 8}, out{8, 2};
  Tensor scale, shift, hidden_shift;
  Net() {
    register_module("hidden", hidden);
    register_module("out", out);
    scale = register_parameter("scale", ones({2}));
    shift = register_buffer("shift", full({2}, 0.5));
    hidden_shift = register_buffer("hidden_shift", ones({2}), false);
  }
  Tensor forward(const Tensor& x) override {
    return out(relu(hidden(x))) * scale + shift - hidden_shift;
  }
};
""",
    ),
]
