"""Models trained by several optimizers and schedules. Each optimizer and scheduler by itself, and
going on in the other language, is tested in tests/cpp_training."""

from __future__ import annotations

from table import Row, normal

MLP = "nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6), nn.GELU(), nn.Linear(6, 3))"
CONVOLUTIONS = "nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten())"
X = normal(4, 5)
IMAGES = normal(3, 2, 6, 6)

ROWS = [
    Row(
        "Sequential_AdamW_OneCycleLR",
        MLP,
        (X,),
        python_optimizer="optim.AdamW(parameters, lr=0.01, amsgrad=True)",
        cpp_optimizer="optim::AdamW(parameters, {.lr = 0.01, .amsgrad = true})",
        python_scheduler="optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 6)",
        cpp_scheduler="optim::lr_scheduler::OneCycleLR(optimizer, 0.1, {.total_steps = 6})",
        steps=6,
    ),
    Row(
        "Sequential_SGD_CosineAnnealingLR",
        CONVOLUTIONS,
        (IMAGES,),
        python_scheduler="optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)",
        cpp_scheduler="optim::lr_scheduler::CosineAnnealingLR(optimizer, 3)",
        steps=8,
    ),
    Row(
        "Sequential_groups_ExponentialLR",
        MLP,
        (X,),
        python_optimizer="optim.NAdam([{'params': parameters[:2], 'lr': 0.05}, "
        "{'params': parameters[2:], 'weight_decay': 0.1}])",
        cpp_optimizer="optim::NAdam({{{parameters[0], parameters[1]}, {.lr = 0.05}}, "
        "{{parameters.begin() + 2, parameters.end()}, {.weight_decay = 0.1}}})",
        python_scheduler="optim.lr_scheduler.ExponentialLR(optimizer, 0.7)",
        cpp_scheduler="optim::lr_scheduler::ExponentialLR(optimizer, 0.7)",
        steps=5,
    ),
    Row(
        "Sequential_Adafactor",
        CONVOLUTIONS,
        (IMAGES,),
        python_optimizer="optim.Adafactor(parameters)",
        cpp_optimizer="optim::Adafactor(parameters)",
    ),
    Row(
        "Sequential_Muon",
        "nn.Sequential(nn.Linear(5, 9, bias=False), nn.Tanh(), nn.Linear(9, 4, bias=False))",
        (X,),
        python_optimizer="optim.Muon(parameters, lr=0.1)",
        cpp_optimizer="optim::Muon(parameters, {.lr = 0.1})",
    ),
]
