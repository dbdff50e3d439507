#include "source-style.h"

#include <adwaita.h>
#include <string.h>

static void
apply_style (GtkSourceBuffer *buffer)
{
  gboolean dark = adw_style_manager_get_dark (adw_style_manager_get_default ());
  GtkSourceStyleSchemeManager *schemes = gtk_source_style_scheme_manager_get_default ();

  gtk_source_buffer_set_style_scheme (
    buffer, gtk_source_style_scheme_manager_get_scheme (schemes, dark ? "Adwaita-dark" : "Adwaita"));
}

void
riposte_source_buffer_follow_style (GtkSourceBuffer *buffer)
{
  AdwStyleManager *manager = adw_style_manager_get_default ();

  g_return_if_fail (GTK_SOURCE_IS_BUFFER (buffer));

  g_signal_handlers_disconnect_by_func (manager, apply_style, buffer);
  g_signal_connect_object (manager, "notify::dark", G_CALLBACK (apply_style), buffer, G_CONNECT_SWAPPED);
  apply_style (buffer);
}

/* Only what is neither an identifier nor a name of GtkSourceView, nor the ending of a file that it knows. */
static const struct
{
  const char *hint;
  const char *id;
} aliases[] = {
  { "bash", "sh" },         { "console", "sh" },    { "csharp", "c-sharp" }, { "cs", "c-sharp" },
  { "cxx", "cpp" },         { "django", "html" },   { "docker", "docker" },  { "dockerfile", "docker" },
  { "elisp", "scheme" },    { "fsharp", "fsharp" }, { "golang", "go" },      { "hpp", "cpphdr" },
  { "ipython", "python3" }, { "javascript", "js" }, { "jsonc", "json" },     { "jsonl", "json" },
  { "ksh", "sh" },          { "make", "makefile" }, { "node", "js" },        { "objectivec", "objc" },
  { "obj-c", "objc" },      { "patch", "diff" },    { "ps1", "powershell" }, { "pwsh", "powershell" },
  { "py", "python3" },      { "py3", "python3" },   { "pycon", "python3" },  { "python", "python3" },
  { "rs", "rust" },         { "sass", "scss" },     { "shell", "sh" },       { "shell-session", "sh" },
  { "svg", "xml" },         { "tex", "latex" },     { "ts", "typescript" },  { "tsx", "typescript-jsx" },
  { "udiff", "diff" },      { "viml", NULL },       { "vb", "vbnet" },       { "zsh", "sh" },
  { "c++", "cpp" },         { "text", NULL },       { "txt", NULL },         { "plaintext", NULL },
  { "plain", NULL },        { "none", NULL },       { "output", NULL },
};

/* The first word of an info string, in lower case, without what frames it. */
static char *
clean_hint (const char *hint)
{
  const char *start = hint + strspn (hint, " \t{.");
  const char *prefixes[] = { "language-", "lang-" };

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_ascii_strncasecmp (start, prefixes[i], strlen (prefixes[i])) == 0)
      start += strlen (prefixes[i]);
  g_autofree char *word = g_strndup (start, strcspn (start, " \t\r\n,;:{}=?"));
  return g_utf8_make_valid (word, -1);
}

static GtkSourceLanguage *
language_of_name (GtkSourceLanguageManager *manager, const char *word)
{
  const char *const *ids = gtk_source_language_manager_get_language_ids (manager);

  for (gsize i = 0; ids && ids[i]; i++)
    {
      GtkSourceLanguage *language = gtk_source_language_manager_get_language (manager, ids[i]);
      if (!gtk_source_language_get_hidden (language)
          && (g_ascii_strcasecmp (ids[i], word) == 0
              || g_ascii_strcasecmp (gtk_source_language_get_name (language), word) == 0))
        return language;
    }
  return NULL;
}

static GtkSourceLanguage *
language_of_hint (GtkSourceLanguageManager *manager, const char *hint)
{
  g_autofree char *word = clean_hint (hint);
  g_autofree char *lower = g_ascii_strdown (word, -1);

  if (lower[0] == '\0')
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (aliases); i++)
    if (strcmp (aliases[i].hint, lower) == 0)
      return aliases[i].id ? gtk_source_language_manager_get_language (manager, aliases[i].id) : NULL;

  GtkSourceLanguage *language = language_of_name (manager, word);
  if (language)
    return language;
  /* "main.rs" and "Makefile" stand in fences too, and most short names are endings: "rb", "kt", "hs". */
  if ((language = gtk_source_language_manager_guess_language (manager, word, NULL)))
    return language;
  g_autofree char *name = g_strconcat ("x.", lower, NULL);
  return gtk_source_language_manager_guess_language (manager, name, NULL);
}

GtkSourceLanguage *
riposte_source_guess_language (const char *filename, const char *hint)
{
  GtkSourceLanguageManager *manager = gtk_source_language_manager_get_default ();
  GtkSourceLanguage *language = NULL;

  if (filename && filename[0] != '\0')
    {
      g_autofree char *base = g_path_get_basename (filename);
      g_autofree char *name = g_filename_display_name (base);
      /* python.lang is Python 2, and takes the same names. */
      language = gtk_source_language_manager_guess_language (manager, name, NULL);
      if (language && strcmp (gtk_source_language_get_id (language), "python") == 0)
        language = gtk_source_language_manager_get_language (manager, "python3");
      /* Makefile, Dockerfile */
      if (!language && !strchr (name, '.'))
        language = language_of_hint (manager, name);
    }
  if (!language && hint)
    language = language_of_hint (manager, hint);
  return language;
}
