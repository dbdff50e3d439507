#include "../arch.h"
#include "../gguf.h"
#include "../hparams.h"
#include "../printable.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_ELEMENTS 6   /* of an array, and */
#define SHOWN_BYTES    160 /* of a string, in the text form */

/* ---- values ---- */

static void
append_number (GString *out, const RpGguf *gguf, const char *key)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  guint64 natural;
  gint64 integer;
  double number;
  gboolean boolean;

  if (rp_gguf_get_bool (gguf, key, &boolean))
    g_string_append (out, boolean ? "true" : "false");
  else if (rp_gguf_get_uint (gguf, key, &natural))
    g_string_append_printf (out, "%" G_GUINT64_FORMAT, natural);
  else if (rp_gguf_get_int (gguf, key, &integer))
    g_string_append_printf (out, "%" G_GINT64_FORMAT, integer);
  else if (rp_gguf_get_float (gguf, key, &number) && number - number == 0)
    g_string_append (out, g_ascii_formatd (buffer, sizeof buffer, "%.9g", number));
  else
    g_string_append (out, "null"); /* JSON has no infinity */
}

typedef struct
{
  GString *out;
  gsize limit;
} StringList;

static void
append_element (gsize index, const char *text, gsize length, gpointer user_data)
{
  StringList *list = user_data;

  if (index >= list->limit)
    return;
  if (index)
    g_string_append (list->out, ", ");
  cli_json_string (list->out, text, length);
}

static void
append_array (GString *out, const RpGguf *gguf, const char *key, gsize limit)
{
  RpGgufType element;
  gsize length = rp_gguf_get_array_length (gguf, key, &element);
  StringList list = { out, limit };
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_c (out, '[');
  if (!rp_gguf_foreach_string (gguf, key, append_element, &list))
    for (gsize i = 0; i < MIN (length, limit); i++)
      {
        gint64 integer;
        double number;

        if (i)
          g_string_append (out, ", ");
        if (rp_gguf_get_array_int (gguf, key, i, &integer))
          g_string_append_printf (out, "%" G_GINT64_FORMAT, integer);
        else if (rp_gguf_get_array_float (gguf, key, i, &number) && number - number == 0)
          g_string_append (out, g_ascii_formatd (buffer, sizeof buffer, "%.9g", number));
        else
          g_string_append (out, "null");
      }
  if (length > limit)
    g_string_append_printf (out, "%s", limit ? ", …" : "…");
  g_string_append_c (out, ']');
}

static void
append_value (GString *out, const RpGguf *gguf, const char *key, RpGgufType type, gboolean whole)
{
  gsize length;
  const char *text;

  if (type == RP_GGUF_ARRAY)
    append_array (out, gguf, key, whole ? G_MAXSIZE : SHOWN_ELEMENTS);
  else if (type == RP_GGUF_STRING)
    {
      text = rp_gguf_get_string (gguf, key, &length);
      cli_json_string (out, text, whole ? length : MIN (length, SHOWN_BYTES));
      if (!whole && length > SHOWN_BYTES)
        g_string_append (out, "…");
    }
  else
    append_number (out, gguf, key);
}

/* ---- the whole file ---- */

typedef struct
{
  const char *arch;
  guint64 n_parameters, weight_bytes;
  const char *unsupported_type; /* of the first tensor that cannot be read */
} Summary;

static Summary
summarise (const RpGguf *gguf)
{
  Summary summary = { .arch = rp_gguf_get_string (gguf, "general.architecture", NULL) };

  for (gsize i = 0; i < rp_gguf_get_n_tensors (gguf); i++)
    {
      const RpGgufTensor *tensor = rp_gguf_get_tensor (gguf, i);

      summary.n_parameters += tensor->dims[0] * tensor->dims[1] * tensor->dims[2] * tensor->dims[3];
      summary.weight_bytes += tensor->size;
      if (!rp_dtype_info (tensor->type) && !summary.unsupported_type)
        summary.unsupported_type = rp_dtype_name (tensor->type) ? rp_dtype_name (tensor->type) : "unknown";
    }
  return summary;
}

/* Why Riposte cannot run this file, or NULL. */
static char *
find_problem (const RpGguf *gguf, const Summary *summary)
{
  g_autofree char *known = rp_arch_list ();
  const RpArch *arch = summary->arch ? rp_arch_find (summary->arch) : NULL;
  RpHparams hparams = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (!summary->arch)
    return g_strdup ("The file names no architecture: it holds no language model");
  if (!arch)
    {
      g_autofree char *shown = rp_printable (summary->arch, -1, 64);
      return g_strdup_printf ("The architecture “%s” is not supported; Riposte runs %s", shown, known);
    }
  if (summary->unsupported_type)
    return g_strdup_printf ("Weights of type %s are not supported", summary->unsupported_type);
  ok = rp_hparams_read (&hparams, arch, gguf, &error);
  rp_hparams_clear (&hparams);
  return ok ? NULL : g_strdup (error->message);
}

static const char *
type_name (guint type)
{
  return rp_dtype_name (type) ? rp_dtype_name (type) : "unknown";
}

static void
print_json (const RpGguf *gguf, const Summary *summary, const char *problem)
{
  g_autoptr (GString) json = g_string_new (NULL);

  g_string_append_printf (json, "{\"gguf_version\": %u, \"architecture\": ", rp_gguf_get_version (gguf));
  cli_json_string (json, summary->arch ? summary->arch : "", summary->arch ? strlen (summary->arch) : 0);
  g_string_append_printf (json, ", \"supported\": %s, \"problem\": ", problem ? "false" : "true");
  if (problem)
    cli_json_string (json, problem, strlen (problem));
  else
    g_string_append (json, "null");
  g_string_append_printf (
    json, ", \"n_parameters\": %" G_GUINT64_FORMAT ", \"weight_bytes\": %" G_GUINT64_FORMAT ", \"metadata\": {",
    summary->n_parameters, summary->weight_bytes);
  for (gsize i = 0; i < rp_gguf_get_n_keys (gguf); i++)
    {
      RpGgufType type;
      const char *key = rp_gguf_get_key (gguf, i, &type, NULL, NULL);

      g_string_append (json, i ? ", " : "");
      cli_json_string (json, key, strlen (key));
      g_string_append (json, ": ");
      append_value (json, gguf, key, type, TRUE);
    }
  g_string_append (json, "}, \"tensors\": [");
  for (gsize i = 0; i < rp_gguf_get_n_tensors (gguf); i++)
    {
      const RpGgufTensor *tensor = rp_gguf_get_tensor (gguf, i);

      g_string_append (json, i ? ", {\"name\": " : "{\"name\": ");
      cli_json_string (json, tensor->name, strlen (tensor->name));
      g_string_append_printf (json, ", \"type\": \"%s\", \"shape\": [", type_name (tensor->type));
      for (guint d = 0; d < tensor->n_dims; d++)
        g_string_append_printf (json, "%s%" G_GUINT64_FORMAT, d ? ", " : "", tensor->dims[d]);
      g_string_append_printf (json, "], \"bytes\": %" G_GSIZE_FORMAT "}", tensor->size);
    }
  printf ("%s]}\n", json->str);
}

static void
print_text (const RpGguf *gguf, const Summary *summary)
{
  printf ("GGUF version %u, architecture %s, %.1f million parameters, %.1f MiB of weights\n",
          rp_gguf_get_version (gguf), summary->arch ? summary->arch : "(none)", summary->n_parameters / 1e6,
          summary->weight_bytes / 1048576.0);
  puts ("\nKeys:");
  for (gsize i = 0; i < rp_gguf_get_n_keys (gguf); i++)
    {
      RpGgufType type;
      guint64 length;
      const char *key = rp_gguf_get_key (gguf, i, &type, NULL, &length);
      g_autoptr (GString) value = g_string_new (NULL);

      append_value (value, gguf, key, type, FALSE);
      printf ("  %s = %s", key, value->str);
      if (type == RP_GGUF_ARRAY)
        printf ("  (%" G_GUINT64_FORMAT " elements)", length);
      putchar ('\n');
    }
  puts ("\nTensors:");
  for (gsize i = 0; i < rp_gguf_get_n_tensors (gguf); i++)
    {
      const RpGgufTensor *tensor = rp_gguf_get_tensor (gguf, i);

      printf ("  %-40s %-6s", tensor->name, type_name (tensor->type));
      for (guint d = 0; d < tensor->n_dims; d++)
        printf ("%s%" G_GUINT64_FORMAT, d ? " × " : " ", tensor->dims[d]);
      putchar ('\n');
    }
}

static int
print_support (void)
{
  g_autofree char *table = cli_support_table ();
  g_autoptr (GError) error = NULL;

  fputs (table, stdout);
  return cli_flush_output (&error) ? 0 : cli_fail (error);
}

int
rp_cmd_inspect (int argc, char **argv)
{
  gboolean json = FALSE, support = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL },
    { "support", 0, 0, G_OPTION_ARG_NONE, &support, "List the architectures and weight types that Riposte runs", NULL },
    { NULL },
  };
  g_autoptr (RpGguf) gguf = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *problem = NULL;
  Summary summary;
  int status = cli_parse (&argc, &argv, "MODEL", "Shows what a model file holds, and whether Riposte can run it.",
                          entries, NULL, 0, 1);

  if (status)
    return status;
  if (support)
    return print_support ();
  if (argc < 2)
    {
      cli_fail_text ("MODEL is missing; see --help");
      return 2;
    }
  gguf = rp_gguf_open (argv[1], &error);
  if (!gguf)
    return cli_fail (error);
  summary = summarise (gguf);
  problem = find_problem (gguf, &summary);
  if (json)
    print_json (gguf, &summary, problem);
  else
    print_text (gguf, &summary);
  if (!cli_flush_output (&error))
    return cli_fail (error);
  return problem ? cli_fail_text ("%s", problem) : 0;
}
