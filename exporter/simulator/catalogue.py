"""What an estate is grown from: names, values seen on real platforms, texts of realistic size."""

from functools import cache
from typing import NamedTuple


class Runtime(NamedTuple):
    """A framework with the releases and accelerators it is shipped for."""

    framework: str
    versions: tuple[str, ...]
    vendors: tuple[str, ...]
    kind: str = "Endpoint"


TYPES = ("Endpoint", "FineTune", "ModelEval", "App")
SOURCES = ("HuggingFace", "HuggingFace", "Bentoml", "Other", None)

RUNTIMES = (
    Runtime("vLLM", ("0.8.5", "0.9.2", "0.11.0"), ("NVIDIA", "Haiguang", "AMD")),
    Runtime("vLLM", ("0.9.2", "0.11.0"), ("NVIDIA",)),
    Runtime("SGLang", ("0.4.9", "0.5.4"), ("NVIDIA",)),
    Runtime("MindIE", ("2.0.RC2", "2.1.RC2"), ("Huawei",)),
    Runtime("Transformers", ("4.51.3", "4.57.1"), ("NVIDIA", "TianShu")),
    Runtime("Diffusers", ("0.33.1", "0.35.2"), ("NVIDIA",)),
    Runtime("SentenceTransformers", ("4.1.0", "5.1.2"), ("NVIDIA", "Intel")),
    Runtime("LlamaCpp", ("b5200", "b6900"), ("Intel",)),
    Runtime("Ollama", ("0.6.8", "0.12.6"), ("NVIDIA", "AMD")),
    Runtime("BentoML", ("1.4.10", "1.4.27"), ("NVIDIA",), "App"),
    Runtime("Other", ("1.0.0", "1.1.0"), ()),
)

BUILT_IN = ("vLLM-0.11.0", "SGLang-0.5.4", "MindIE-2.1.RC2-910B", "vLLM-0.9.2-HYGON-K100-AI")

MODELS = (
    "Qwen2.5-7B-Instruct",
    "Qwen3-32B",
    "DeepSeek-R1-Distill-Qwen-14B",
    "DeepSeek-V3",
    "Llama-3.1-8B-Instruct",
    "GLM-4-9B-Chat",
    "bge-m3",
    "bge-reranker-v2-m3",
    "stable-diffusion-3.5-large",
    "whisper-large-v3",
    "InternVL3-8B",
    "Mistral-Small-3.1",
)
PURPOSES = ("chat", "embedding", "rerank", "image", "eval", "finetune", "agent", "ocr", "asr")
CHINESE = (
    "通义千问-72B-对话服务",
    "文心检索增强",
    "智能客服问答",
    "合同审阅助手",
    "语音转写",
    "图像生成【测试】",
    "代码补全服务",
    "向量检索-生产环境",
)
AWKWARD = (
    'team "alpha" chat',
    "C:\\models\\qwen",
    "R&D <beta> a=b",
    "it's the 'new' one",
    'quote " and backslash \\',
)
DESCRIPTIONS = (
    None,
    "",
    "Serves the chat of the customer portal.",
    "内部知识库的向量化服务。勿删。",
    "Baseline for the weekly evaluation; ask the ML platform team before you touch it.",
    "Created by the assistant.\nSecond line.",
)
PYTHONS = ("3.10.14", "3.11.9", "3.12.3", None)
CAPABILITIES = ("7.5", "8.0", "8.6", "8.9", "9.0", None)

_NOTES = """
The service answers the OpenAI protocol under `/v1`: `POST /v1/chat/completions`,
`POST /v1/embeddings`, `GET /v1/models`. Streaming is on when `"stream": true` is sent.
---
Weights are read from the model centre and mounted read-only; the first start on a node copies them
to the local cache, which takes some minutes for the larger models.
---
| parameter | default | meaning |
|:--|:--|:--|
| `--max-model-len` | 32768 | longest context, in tokens |
| `--gpu-memory-utilization` | 0.9 | share of the memory that is taken at start |
| `--tensor-parallel-size` | 1 | cards per replica |
---
```bash
curl -s "http://$ENDPOINT/v1/chat/completions" -H 'Content-Type: application/json' \\
  -d '{"model": "served", "messages": [{"role": "user", "content": "你好"}]}'
```
---
模型服务以容器方式运行、支持按需扩缩容。升级前请先在测试区域验证。
首个词元延迟 < 500 ms、吞吐量 > 1000 tokens/s。
---
Known limits: requests beyond the context are refused with 400; batches over 256 wait; LoRA adapters
are loaded on first use & stay resident.
"""
"""Sections of a README, one after the other."""

_SECTIONS = [section.strip() for section in _NOTES.split("---\n")]
_README_COUNT = 48
_README_LENGTH = 2800
_YAML_ENVIRONMENT = 22


@cache
def readme(variant: int) -> str:
    """Some 2.8 thousand characters of Markdown; few variants, shared by all services."""
    number = variant % _README_COUNT
    title = f"# {MODELS[number % len(MODELS)]}\n\nRevision {number} of the service's notes.\n\n"
    sections = (
        f"## {index}. Notes\n\n{_SECTIONS[(number + index) % len(_SECTIONS)]}\n\n"
        for index in range(40)
    )
    return (title + "".join(sections))[:_README_LENGTH]


@cache
def manifest(framework: str, version: str) -> str:
    """Some 1.4 thousand characters of YAML, one text per framework and version."""
    environment = "".join(
        f"    - name: SERVING_OPTION_{index:02}\n      value: '{framework}-{index * 7}'\n"
        for index in range(_YAML_ENVIRONMENT)
    )
    return (
        f"framework: {framework}\nversion: '{version}'\nservice:\n  port: 8000\n"
        f"  readiness: /health\n  command: >-\n    serve --host 0.0.0.0 --port=8000\n"
        f"  environment:\n{environment}"
        "resources:\n  limits:\n    nvidia.com/gpu: 1\n"
    )
