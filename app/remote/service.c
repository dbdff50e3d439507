#include "remote/service.h"

#include "remote/remote-error.h"
#include "settings-schema.h"

#include <glib/gi18n.h>

#define IDLE_SECONDS   300
#define MAX_NAME_CHARS 48
#define USUAL          (RIPOSTE_REMOTE_TEMPERATURE | RIPOSTE_REMOTE_TOP_P | RIPOSTE_REMOTE_USAGE)

/* Addresses and names of models as the services' documentation has them in 2025; all of them can be changed. */
static const struct
{
  const char *id, *name, *address, *model;
  RiposteRemoteParameters parameters;
} presets[] = {
  { "xai", "xAI", "https://api.x.ai/v1", "grok-code-fast-1", USUAL },
  /* its reasoning models take no temperature */
  { "openai", "OpenAI", "https://api.openai.com/v1", "gpt-5-mini", RIPOSTE_REMOTE_USAGE },
  { "openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "qwen/qwen3-coder", USUAL },
  { "vllm", N_ ("vLLM on this machine"), "http://127.0.0.1:8000/v1", "", USUAL },
  { "llama-server", N_ ("llama-server on this machine"), "http://127.0.0.1:8080/v1", "default", USUAL },
  { "other", N_ ("Another service"), "", "", USUAL },
};

static const char *const fallbacks[] = {
  [RIPOSTE_FALLBACK_NEVER] = "never",
  [RIPOSTE_FALLBACK_ASK] = "ask",
  [RIPOSTE_FALLBACK_ALWAYS] = "always",
};

void
riposte_service_free (RiposteService *service)
{
  g_free (service->id);
  g_free (service->address);
  g_free (service->model);
  g_free (service);
}

static GVariant *
get_changes (void)
{
  return riposte_settings_get () ? g_settings_get_value (riposte_settings_get (), "remote-services")
                                 : g_variant_ref_sink (g_variant_new ("a{s(ssuu)}", NULL));
}

static RiposteService *
load (guint index)
{
  RiposteService *service = g_new0 (RiposteService, 1);
  g_autoptr (GVariant) changes = get_changes ();

  service->id = g_strdup (presets[index].id);
  service->name = _ (presets[index].name);
  service->parameters = presets[index].parameters;
  if (g_variant_lookup (changes, service->id, "(ssuu)", &service->address, &service->model, &service->max_tokens,
                        &service->idle_seconds))
    return service;
  service->address = g_strdup (presets[index].address);
  service->model = g_strdup (presets[index].model);
  service->idle_seconds = IDLE_SECONDS;
  return service;
}

GPtrArray *
riposte_service_list (void)
{
  GPtrArray *services = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_service_free);

  for (guint i = 0; i < G_N_ELEMENTS (presets); i++)
    g_ptr_array_add (services, load (i));
  return services;
}

/* Those that are as they came, but for the chosen one, are no more than an offer. */
GPtrArray *
riposte_service_list_usable (void)
{
  GPtrArray *services = riposte_service_list ();
  g_autoptr (RiposteService) chosen = riposte_service_load ();
  g_autoptr (GVariant) changes = get_changes ();

  for (guint i = services->len; i-- > 0;)
    {
      const RiposteService *service = services->pdata[i];
      g_autoptr (GVariant) change = g_variant_lookup_value (changes, service->id, NULL);
      g_autoptr (RiposteRemoteAddress) address = riposte_service_check_address (service->address, NULL);

      if (!address || !*service->model || (!change && !g_str_equal (service->id, chosen->id)))
        g_ptr_array_remove_index (services, i);
    }
  return services;
}

char *
riposte_service_dup_name (const RiposteService *service)
{
  g_autofree char *model = riposte_service_dup_model_name (service);
  g_autoptr (RiposteRemoteAddress) address = riposte_service_check_address (service->address, NULL);

  return address ? g_strdup_printf ("%s · %s", model, address->host) : g_steal_pointer (&model);
}

char *
riposte_service_dup_model_name (const RiposteService *service)
{
  g_autofree char *tidy = riposte_remote_tidy (service->model, NULL);

  if (!tidy)
    return g_strdup ("");
  if (g_utf8_strlen (tidy, -1) <= MAX_NAME_CHARS)
    return g_steal_pointer (&tidy);
  g_utf8_offset_to_pointer (tidy, MAX_NAME_CHARS - 1)[0] = '\0';
  return g_strconcat (tidy, "…", NULL);
}

RiposteService *
riposte_service_load (void)
{
  g_autofree char *id
    = riposte_settings_get () ? g_settings_get_string (riposte_settings_get (), "remote-service") : NULL;

  for (guint i = 0; i < G_N_ELEMENTS (presets); i++)
    if (g_strcmp0 (presets[i].id, id) == 0)
      return load (i);
  return load (0);
}

void
riposte_service_choose (const char *id)
{
  if (riposte_settings_get ())
    g_settings_set_string (riposte_settings_get (), "remote-service", id);
}

void
riposte_service_save (const RiposteService *service)
{
  g_autoptr (GVariant) changes = get_changes ();
  GVariantBuilder builder;
  GVariantIter iter;
  GVariant *value;
  char *id;

  if (!riposte_settings_get ())
    return;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{s(ssuu)}"));
  g_variant_iter_init (&iter, changes);
  while (g_variant_iter_next (&iter, "{s@(ssuu)}", &id, &value))
    {
      if (!g_str_equal (id, service->id))
        g_variant_builder_add (&builder, "{s@(ssuu)}", id, value);
      g_variant_unref (value);
      g_free (id);
    }
  g_variant_builder_add (&builder, "{s(ssuu)}", service->id, service->address, service->model, service->max_tokens,
                         service->idle_seconds);
  g_settings_set_value (riposte_settings_get (), "remote-services", g_variant_builder_end (&builder));
}

RiposteFallback
riposte_service_get_fallback (void)
{
  g_autofree char *name
    = riposte_settings_get () ? g_settings_get_string (riposte_settings_get (), "remote-fallback") : NULL;

  for (guint i = 0; i < G_N_ELEMENTS (fallbacks); i++)
    if (g_strcmp0 (fallbacks[i], name) == 0)
      return i;
  return RIPOSTE_FALLBACK_NEVER;
}

void
riposte_service_set_fallback (RiposteFallback fallback)
{
  if (riposte_settings_get ())
    g_settings_set_string (riposte_settings_get (), "remote-fallback", fallbacks[fallback]);
}

/* ---- without encryption ---- */

static GVariantDict *
get_plain (void)
{
  g_autoptr (GVariant) value
    = riposte_settings_get () ? g_settings_get_value (riposte_settings_get (), "remote-plain") : NULL;

  return g_variant_dict_new (value);
}

RipostePlain
riposte_service_get_plain (const char *origin)
{
  g_autoptr (GVariantDict) all = get_plain ();
  gboolean with_key;

  if (!g_variant_dict_lookup (all, origin, "b", &with_key))
    return RIPOSTE_PLAIN_NOTHING;
  return with_key ? RIPOSTE_PLAIN_ALL : RIPOSTE_PLAIN_CHATS;
}

void
riposte_service_set_plain (const char *origin, RipostePlain plain)
{
  g_autoptr (GVariantDict) all = get_plain ();

  if (plain == RIPOSTE_PLAIN_NOTHING)
    g_variant_dict_remove (all, origin);
  else
    g_variant_dict_insert (all, origin, "b", plain == RIPOSTE_PLAIN_ALL);
  if (riposte_settings_get ())
    g_settings_set_value (riposte_settings_get (), "remote-plain", g_variant_dict_end (all));
}

RiposteRemoteAddress *
riposte_service_check_address (const char *text, GError **error)
{
  g_autoptr (RiposteRemoteAddress) address = riposte_remote_address_new (text, TRUE, error);

  if (!address || !address->plain)
    return g_steal_pointer (&address);
  if (!address->is_private)
    return riposte_remote_address_new (text, FALSE, error);
  if (riposte_service_get_plain (address->origin) != RIPOSTE_PLAIN_NOTHING)
    return g_steal_pointer (&address);
  g_set_error_literal (error, RIPOSTE_REMOTE_ERROR, RIPOSTE_REMOTE_ERROR_ADDRESS,
                       _ ("Over http:// everybody on the way can read what is sent. Use https://, or allow it."));
  return NULL;
}

gboolean
riposte_service_is_known (const char *origin)
{
  g_auto (GStrv) known = riposte_settings_get () ? g_settings_get_strv (riposte_settings_get (), "remote-known") : NULL;

  return known && g_strv_contains ((const char *const *)known, origin);
}

void
riposte_service_set_known (const char *origin)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) known = NULL, more = NULL;

  if (!riposte_settings_get () || riposte_service_is_known (origin))
    return;
  known = g_settings_get_strv (riposte_settings_get (), "remote-known");
  g_strv_builder_addv (builder, (const char **)known);
  g_strv_builder_add (builder, origin);
  more = g_strv_builder_end (builder);
  g_settings_set_strv (riposte_settings_get (), "remote-known", (const char *const *)more);
}
