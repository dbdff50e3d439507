/* What the commands of riposte-engine share. A command takes its own arguments, argv[0] being its name, and returns the
 * exit status: 0; 1 with one message on standard error; 2 for a wrong call; 130 when interrupted. */
#pragma once

#include "../riposte-engine.h"

G_BEGIN_DECLS

#define CLI_MAX_MESSAGE 1000 /* bytes of an error */

int rp_cmd_devices (int argc, char **argv);
int rp_cmd_inspect (int argc, char **argv);
int rp_cmd_tokenize (int argc, char **argv);
int rp_cmd_generate (int argc, char **argv);
int rp_cmd_template (int argc, char **argv);
int rp_cmd_logits (int argc, char **argv);
int rp_cmd_bench (int argc, char **argv);
int rp_cmd_perplexity (int argc, char **argv);
int rp_cmd_quantize (int argc, char **argv);

/* Options of the commands that load a model. */
typedef struct
{
  char *device;
  int n_threads;
  int n_context;
  int n_batch;
  RpKvType kv_type;
} CliModelOptions;

void cli_model_options_clear (CliModelOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CliModelOptions, cli_model_options_clear)

/* --device, --threads, --ctx, --batch and --kv, to be added as a group. */
GOptionGroup *cli_model_options (CliModelOptions *options);

/**
 * cli_parse:
 * @usage: what follows the command's name, "MODEL"
 * @n_min, @n_max: how many arguments may be left when the options are taken
 *
 * Returns: the exit status of a wrong call, after its message; 0 when all is well
 */
int cli_parse (int *argc,
               char ***argv,
               const char *usage,
               const char *summary,
               const GOptionEntry *entries,
               GOptionGroup *group, /* nullable, taken */
               int n_min,
               int n_max);

int cli_fail (const GError *error); /* prints it and returns 1; a cancellation is no news, and 130 */
int cli_fail_text (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* What they ask of a session; n_context: where they name none. For who makes it himself, after cli_load(). */
RpSessionOptions cli_session_options (const CliModelOptions *options, guint n_context);

/* An engine, a model and a session as the options ask; *session may be NULL to have none. Progress of loading goes to
 * standard error where that is a terminal. */
gboolean cli_load (const char *path,
                   const CliModelOptions *options,
                   guint n_context, /* where the options name none; 0: the default */
                   RpEngine **engine,
                   RpModel **model,
                   RpSession **session,
                   GError **error);

/* A progress bar on standard error, redrawn where it stands; fraction in 0…1. For terminals. */
void cli_show_bar (const char *what, double fraction);
void cli_clear_bar (void);

/* Set by SIGINT and SIGTERM once this was called; a second signal ends the process. */
RpCancel *cli_catch_signals (void);

/* All of a file, or of standard input for "-". */
gboolean cli_read_all (const char *path, char **text, gsize *length, GError **error);
/* Writes what is buffered; FALSE with RP_ERROR_IO where standard output is full or closed. */
gboolean cli_flush_output (GError **error);

/* ---- JSON, as far as the commands need it ---- */

void cli_json_string (GString *out, const char *text, gsize length); /* invalid UTF-8 becomes U+FFFD */
/* One JSON string, whole; NUL characters and lone surrogates are taken (the latter as U+FFFD). */
gboolean cli_json_parse_string (const char *json, GString *out, GError **error);
/* Integers between anything that is no digit or sign: "1,2,3", "[1, 2]", "1 2". RP_ERROR_ARGUMENT for other text. */
GArray *cli_parse_tokens (const char *text, GError **error);

/* Architectures and weight types, in Markdown. Free it. (support.c) */
char *cli_support_table (void);

G_END_DECLS
