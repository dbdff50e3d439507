/* The engine's only public header: a loaded model (RpModel) on a device of an RpEngine, and timelines of tokens
 * on it (RpSession).
 *
 * Threads: an RpEngine, its models and its sessions belong to one thread at a time. Only these may be called from
 * another thread: setting an RpCancel, and the pure functions of a loaded model's vocabulary
 * (rp_model_tokenize(), the functions that make prompts, and the getters), which never touch the device.
 *
 * Failure: what can fail at run time returns FALSE or NULL and sets a GError of RP_ERROR; what was passed in stays
 * the caller's, and an object that a call failed on can be used again unless the error is RP_ERROR_DEVICE.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RpEngine RpEngine;
typedef struct _RpModel RpModel;
typedef struct _RpSession RpSession;
typedef gint32 RpToken;

#define RP_ERROR (rp_error_quark ())
GQuark rp_error_quark (void);

/**
 * RpError:
 * @RP_ERROR_IO: a file cannot be opened, read or written
 * @RP_ERROR_FORMAT: a file is not what it claims to be: truncated, inconsistent, or no GGUF at all
 * @RP_ERROR_UNSUPPORTED: a well-formed file asks for an architecture, type or tokenizer that is not known here
 * @RP_ERROR_MEMORY: the device or the host has not enough memory
 * @RP_ERROR_DEVICE: no such device, no driver, or the device was lost; its models and sessions are of no more use
 * @RP_ERROR_CANCELLED: the RpCancel was set
 * @RP_ERROR_CONTEXT_FULL: the tokens do not fit the session's context
 * @RP_ERROR_TEMPLATE: the chat template cannot be parsed or rendered
 * @RP_ERROR_ARGUMENT: an option is out of its range
 */
typedef enum
{
  RP_ERROR_IO,
  RP_ERROR_FORMAT,
  RP_ERROR_UNSUPPORTED,
  RP_ERROR_MEMORY,
  RP_ERROR_DEVICE,
  RP_ERROR_CANCELLED,
  RP_ERROR_CONTEXT_FULL,
  RP_ERROR_TEMPLATE,
  RP_ERROR_ARGUMENT,
} RpError;

/* A flag that any thread may set, and that the engine looks at between two operations. */
typedef struct
{
  gint flag;
} RpCancel;

void rp_cancel_set (RpCancel *cancel);
void rp_cancel_reset (RpCancel *cancel);
gboolean rp_cancel_is_set (const RpCancel *cancel);

/* ---- devices ---- */

typedef enum
{
  RP_DEVICE_CPU,             /* this processor, by the engine's own kernels */
  RP_DEVICE_GPU,             /* a Vulkan device in hardware, discrete or integrated */
  RP_DEVICE_SOFTWARE_VULKAN, /* a Vulkan device in software (lavapipe) */
} RpDeviceKind;

typedef struct
{
  const char *id;     /* "cpu", "vulkan:0", … : what the options take */
  const char *name;   /* "AMD EPYC", "llvmpipe (LLVM 15.0.6, 256 bits)" */
  const char *detail; /* instruction sets, or driver and API version */
  RpDeviceKind kind;
  guint64 memory_bytes; /* of the device's own heap; for the CPU, of the machine */
} RpDeviceInfo;

RpEngine *rp_engine_new (void);
void rp_engine_free (RpEngine *engine);
guint rp_engine_get_n_devices (RpEngine *engine);
const RpDeviceInfo *rp_engine_get_device (RpEngine *engine, guint index);
/* Why there is no Vulkan device, as a sentence, or NULL where there is one. */
const char *rp_engine_get_vulkan_problem (RpEngine *engine);
/**
 * rp_engine_find_device:
 * @name: "auto" (a GPU where there is one, else the CPU), "cpu", "vulkan" (the first Vulkan device, a GPU before a
 *   software one) or "vulkan:N"
 *
 * Returns: (nullable): the device, owned by @engine; NULL with RP_ERROR_DEVICE where there is none of that name
 */
const RpDeviceInfo *rp_engine_find_device (RpEngine *engine, const char *name, GError **error);

/* Bytes that @device could still give now; 0 where nobody knows. */
guint64 rp_engine_get_free_memory (RpEngine *engine, const RpDeviceInfo *device);
/**
 * rp_engine_measure:
 * @bytes_per_second: (out): weights that @device reads while it answers, with this engine's own kernels
 *
 * Multiplies a matrix of 132 MB for a quarter of a second or so. Every weight is read once a token, so this, divided by
 * the bytes that a token reads of a model, is nearly how fast it can answer.
 */
gboolean rp_engine_measure (RpEngine *engine, const RpDeviceInfo *device, double *bytes_per_second, GError **error);

/* ---- models ---- */

/* What a file says of itself. */
typedef struct
{
  char *name;         /* general.name, or the file's name */
  char *architecture; /* (nullable) "qwen2" */
  guint64 n_parameters;
  guint64 weight_bytes;
  guint64 active_bytes;          /* of those, what a token reads: of experts, only the chosen ones */
  guint64 context_bytes;         /* keys and values of a token, in F16 */
  guint n_context;               /* what it was trained for */
  guint n_expert, n_expert_used; /* 0: dense */
  gboolean has_chat_template;
} RpModelInfo;

/**
 * rp_model_describe:
 *
 * Reads the head of a file, in any thread. After a failure @info is what is known in spite of it, a name at least where
 * the file is a GGUF; it is to be cleared in any case. RP_ERROR_UNSUPPORTED: this is no model that rp_model_load() takes
 */
gboolean rp_model_describe (const char *path, RpModelInfo *info, GError **error);
void rp_model_info_clear (RpModelInfo *info);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RpModelInfo, rp_model_info_clear)

typedef gboolean (*RpProgressFunc) (double fraction, gpointer user_data); /* in 0…1; FALSE cancels */

typedef struct
{
  const char *device;      /* as rp_engine_find_device() takes it; NULL: "auto" */
  guint n_threads;         /* CPU threads; 0: one a core */
  RpProgressFunc progress; /* nullable */
  gpointer progress_data;
} RpModelOptions;

/* @path stays mapped while the model lives. @options may be NULL. The engine outlives its models. */
RpModel *rp_model_load (RpEngine *engine, const char *path, const RpModelOptions *options, GError **error);
void rp_model_free (RpModel *model);

const char *rp_model_get_name (RpModel *model);         /* general.name, or the file's name */
const char *rp_model_get_architecture (RpModel *model); /* "qwen2" */
const RpDeviceInfo *rp_model_get_device (RpModel *model);
guint64 rp_model_get_n_parameters (RpModel *model);
guint64 rp_model_get_weight_bytes (RpModel *model);
guint rp_model_get_n_vocab (RpModel *model);
guint rp_model_get_n_context (RpModel *model); /* what it was trained for */
gboolean rp_model_has_vocabulary (RpModel *model);
gboolean rp_model_has_chat_template (RpModel *model);
gboolean rp_model_is_end (RpModel *model, RpToken token); /* an end-of-generation token */

/**
 * rp_model_tokenize:
 * @length: bytes in @text, or -1 up to its NUL
 * @add_special: put the file's BOS (and EOS) where it asks for them
 * @parse_special: read special tokens written out in the text, such as `<|im_start|>`, as themselves
 *
 * Any bytes are taken, invalid UTF-8 too.
 * Returns: (element-type RpToken): the tokens; NULL with RP_ERROR_UNSUPPORTED for a file without a vocabulary
 */
GArray *rp_model_tokenize (RpModel *model,
                           const char *text,
                           gssize length,
                           gboolean add_special,
                           gboolean parse_special,
                           GError **error);
/* The pieces joined exactly, invalid UTF-8 included; special tokens are left out unless @special. */
GString *rp_model_detokenize (RpModel *model, const RpToken *tokens, gsize n_tokens, gboolean special);

typedef struct
{
  const char *role; /* "system", "user", "assistant", "tool" */
  const char *content;
} RpChatMessage;

typedef enum
{
  /* The last message, the model's own, is left open where it ends, for the model to go on there. RP_ERROR_TEMPLATE where
   * the template does not write it out. */
  RP_CHAT_CONTINUE = 1 << 0,
} RpChatFlags;

/**
 * rp_model_chat_tokens:
 * @text: (out) (nullable): what the template made of the conversation, special tokens written out in it
 *
 * The prompt that the model's own chat template makes of a conversation, up to where the answer begins. Control tokens
 * are the template's: one that stands written out in a message is text. Where the template refuses or skips a system
 * turn, or wants user and model to take turns, the system text begins the first user turn, and turns of one role are
 * joined, with a blank line in between.
 *
 * Returns: (element-type RpToken): NULL with RP_ERROR_TEMPLATE: there is no template, it is broken, or it refuses this
 *   conversation; rp_chat_plain_prompt() is what is left then
 */
GArray *rp_model_chat_tokens (RpModel *model,
                              const RpChatMessage *messages,
                              gsize n_messages,
                              RpChatFlags flags,
                              char **text,
                              GError **error);

/**
 * rp_model_chat_tokens_json:
 * @variables: a JSON object of the template's variables: `messages` (with `tool_calls`, `reasoning_content`, parts, … as
 *   the template knows them), `tools`, `documents`, and others such as `enable_thinking`. `add_generation_prompt` is true
 *   unless it is given; `bos_token` and `eos_token` are the model's own.
 * @length: bytes in @variables, or -1 up to its NUL
 *
 * As rp_model_chat_tokens(), for all that a template can take.
 */
GArray *rp_model_chat_tokens_json (RpModel *model,
                                   const char *variables,
                                   gssize length,
                                   RpChatFlags flags,
                                   char **text,
                                   GError **error);

/* A conversation as plain text, "User: …" and "Assistant:", for a model whose template cannot be used. Tokenize it with
 * add_special and without parse_special; a model that knows no better goes on with RP_CHAT_PLAIN_END. */
char *rp_chat_plain_prompt (const RpChatMessage *messages, gsize n_messages, RpChatFlags flags);
#define RP_CHAT_PLAIN_END "\nUser:"

/* Text around a gap that the model fills in. Lengths may be -1, up to the NUL. */
typedef struct
{
  const char *prefix, *suffix;
  gssize prefix_length, suffix_length;
  const char *file_name;  /* nullable; where the model has a token for it */
  const char *repository; /* nullable; only together with @file_name */
} RpFimText;

gboolean rp_model_has_fim (RpModel *model); /* whether it was trained to fill in */
/**
 * rp_model_fim_prompt:
 *
 * Returns: (element-type RpToken): the tokens that make the model write what belongs between the prefix and the suffix;
 *   control tokens written out in the text are text. NULL with RP_ERROR_UNSUPPORTED for a model without such tokens.
 */
GArray *rp_model_fim_prompt (RpModel *model, const RpFimText *text, GError **error);

/* ---- sessions ---- */

typedef enum
{
  RP_KV_AUTO, /* F32 for a model in F32, else F16 */
  RP_KV_F16,
  RP_KV_F32,
  RP_KV_Q8_0, /* half of F16's memory, hardly an error */
  RP_KV_Q4_0, /* a quarter of F16's memory, at some loss */
} RpKvType;

typedef struct
{
  guint n_context; /* tokens; 0: what the model was trained for, at most 32,768 and what memory allows */
  guint n_batch;   /* most tokens of one prefill batch; 0: 512 */
  RpKvType kv_type;
} RpSessionOptions;

/* One timeline of tokens. All scratch memory is allocated here. @options may be NULL. The model outlives it. */
RpSession *rp_session_new (RpModel *model, const RpSessionOptions *options, GError **error);
void rp_session_free (RpSession *session);
guint rp_session_get_n_context (RpSession *session);
guint rp_session_get_n_tokens (RpSession *session); /* tokens in the KV cache */

/* Called after each prefill batch. */
typedef void (*RpPrefillFunc) (guint n_done, guint n_total, gpointer user_data);
/* @text: @length bytes of whole UTF-8 characters, not terminated, valid during the call. FALSE ends the answer. */
typedef gboolean (*RpTextFunc) (const char *text, gsize length, gpointer user_data);

typedef struct
{
  float temperature;    /* 0: greedy; else 0…10 */
  guint top_k;          /* 0: off */
  float top_p;          /* 0…1; 1: off */
  float min_p;          /* 0…1; 0: off */
  float repeat_penalty; /* 1: off; 0.1…10 */
  guint repeat_last_n;  /* tokens that the penalty looks back on */
  guint64 seed;         /* see rp_session_generate() */
} RpSamplerOptions;

#define RP_SAMPLER_GREEDY ((RpSamplerOptions){ .top_p = 1, .repeat_penalty = 1, .repeat_last_n = 64 })

typedef struct
{
  guint n_predict; /* most tokens to make; 0: until the context is full */
  RpSamplerOptions sampler;
  const RpCancel *cancel; /* nullable */
  RpPrefillFunc prefill;  /* nullable */
  RpTextFunc text;        /* nullable */
  gpointer user_data;
  GArray *tokens; /* (nullable) (element-type RpToken): what was made is appended */
  gboolean ignore_end;
  const char *const *marks; /* (nullable) ended by NULL: control tokens that come as text; others do not */
  const char *until;        /* (nullable) text that ends the answer and is no part of it */
} RpGenerateOptions;

typedef enum
{
  RP_STOP_END,       /* the model ended its answer, or came to RpGenerateOptions.until */
  RP_STOP_LENGTH,    /* n_predict */
  RP_STOP_CONTEXT,   /* the context is full */
  RP_STOP_CANCELLED, /* the RpCancel was set, or the text function returned FALSE; what was made stays in the session */
} RpStopReason;

typedef struct
{
  guint n_prompt;  /* tokens of the prompt */
  guint n_reused;  /* of those, found in the KV cache */
  guint n_decoded; /* tokens made */
  double prefill_seconds;
  double decode_seconds;
  RpStopReason stop;
} RpGenerateStats;

/**
 * rp_session_generate:
 * @prompt: the whole timeline, from its first token: the longest prefix that the KV cache holds already is kept
 * @stats: (out) (nullable)
 *
 * Prefills what is new of @prompt and decodes until a stop. The same prompt, seed, device and batch size give the same
 * answer, to the bit, in a new session and again right after it. A prompt that shares only its beginning with
 * what the KV cache holds is fed in other batches than it would be from its first token; there sums round otherwise, and
 * of two tokens that are as good as one another the other may be taken. A cancellation is no error: it is looked at between two
 * operations, so a call returns well within the time of one token.
 */
gboolean rp_session_generate (RpSession *session,
                              const RpToken *prompt,
                              gsize n_prompt,
                              const RpGenerateOptions *options,
                              RpGenerateStats *stats,
                              GError **error);

/**
 * rp_session_logits:
 * @tokens: appended to the timeline
 * @logits: (nullable): f32 [n_tokens, n_vocab], row-major, filled if given
 *
 * Feeds @tokens, n_batch at a time. After an error the timeline is as it was before the call.
 */
gboolean rp_session_logits (RpSession *session,
                            const RpToken *tokens,
                            gsize n_tokens,
                            float *logits,
                            const RpCancel *cancel,
                            GError **error);
/* Forgets all but the first @n_tokens of the timeline. */
void rp_session_rewind (RpSession *session, guint n_tokens);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpEngine, rp_engine_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpModel, rp_model_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RpSession, rp_session_free)

G_END_DECLS
