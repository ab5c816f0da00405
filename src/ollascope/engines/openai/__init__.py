"""Any server of the OpenAI API: llama-server, vLLM, SGLang, LM Studio, TGI, Triton's OpenAI front."""
