#include "markdown/fence-path.h"

#include <string.h>

/* Before a path that stands alone. */
static const char *const labels[] = { "file:", "filename:", "path:" };

static const char *const keys[] = { "title=", "file=", "filename=", "path=", "name=" };

/* Letters, digits and what names of files have; with an ending or a folder, or one of the well-known without. */
static gboolean
is_path (const char *word)
{
  static const char *const bare[] = { "Makefile", "Dockerfile", "CMakeLists.txt", "LICENSE", "README", NULL };
  const char *name = strrchr (word, '/');
  const char *ending;

  name = name ? name + 1 : word;
  ending = strrchr (name, '.');
  if (!*name || strlen (word) > 200 || strstr (word, "..") || strstr (word, "://"))
    return FALSE;
  for (const char *p = word; *p; p++)
    if (!g_ascii_isalnum (*p) && (guchar)*p < 0x80 && !strchr ("/._-+@", *p))
      return FALSE;
  if (g_strv_contains (bare, name))
    return TRUE;
  if (!ending || !ending[1] || strlen (ending) > 12 || !g_ascii_isalpha (ending[1]))
    return FALSE;
  return TRUE;
}

static char *
unquote (const char *text, gsize length)
{
  while (length && strchr ("\"'`*({[ ", text[0]))
    {
      text++;
      length--;
    }
  while (length && strchr ("\"'`*)}]:,; ", text[length - 1]))
    length--;
  return g_strndup (text, length);
}

static char *
path_or_null (char *word)
{
  if (is_path (word))
    return word;
  g_free (word);
  return NULL;
}

static char *
path_of_info (const char *info)
{
  g_auto (GStrv) words = g_strsplit_set (info, " \t,{}", -1);

  for (guint i = 0; words[i]; i++)
    {
      const char *colon = strchr (words[i], ':');
      char *path = NULL;

      for (gsize k = 0; k < G_N_ELEMENTS (keys) && !path; k++)
        if (g_str_has_prefix (words[i], keys[k]))
          path = path_or_null (unquote (words[i] + strlen (keys[k]), strlen (words[i]) - strlen (keys[k])));
      if (!path && i == 0 && colon)
        path = path_or_null (g_strdup (colon + 1));
      if (!path && (i > 0 || strchr (words[i], '/') || strchr (words[i], '.')))
        path = *words[i] != '.' ? path_or_null (g_strdup (words[i])) : NULL;
      if (path)
        return path;
    }
  return NULL;
}

/* The last that stands there as code or bold, or else a line that is nothing but a path. */
static char *
path_of_markup (const char *markup)
{
  static const char *const tags[][2] = { { "<tt>", "</tt>" }, { "<b>", "</b>" } };
  const char *line = strrchr (markup, '\n');
  char *found = NULL;

  line = line ? line + 1 : markup;
  for (gsize k = 0; k < G_N_ELEMENTS (tags) && !found; k++)
    for (const char *p = strstr (line, tags[k][0]); p; p = strstr (p + 1, tags[k][0]))
      {
        const char *start = p + strlen (tags[k][0]), *end = strstr (start, tags[k][1]);
        char *path = end ? path_or_null (unquote (start, end - start)) : NULL;

        if (path)
          {
            g_free (found);
            found = path;
          }
      }
  for (gsize k = 0; k < G_N_ELEMENTS (labels) && !found; k++)
    if (g_ascii_strncasecmp (line, labels[k], strlen (labels[k])) == 0)
      line += strlen (labels[k]);
  return found ? found : path_or_null (unquote (line, strlen (line)));
}

/* A comment in the first line that is nothing but a path. */
static char *
path_of_code (const char *code)
{
  static const char *const begins[] = { "//", "#", "--", "/*", "<!--", ";", "%" };
  static const char *const ends[] = { "*/", "-->" };
  g_autofree char *line = g_strndup (code, strcspn (code, "\n"));
  char *text = g_strstrip (line);
  gsize k = 0;

  while (k < G_N_ELEMENTS (begins) && !g_str_has_prefix (text, begins[k]))
    k++;
  if (k == G_N_ELEMENTS (begins))
    return NULL;
  text = g_strstrip (text + strlen (begins[k]));
  for (k = 0; k < G_N_ELEMENTS (ends); k++)
    if (g_str_has_suffix (text, ends[k]))
      text[strlen (text) - strlen (ends[k])] = '\0';
  text = g_strstrip (text);
  for (k = 0; k < G_N_ELEMENTS (labels); k++)
    if (g_ascii_strncasecmp (text, labels[k], strlen (labels[k])) == 0)
      text = g_strchug (text + strlen (labels[k]));
  return path_or_null (unquote (text, strlen (text)));
}

char *
riposte_fence_path (const char *info, const char *code, const char *before)
{
  char *path = path_of_info (info);

  path = path || !code ? path : path_of_code (code);
  return path || !before ? path : path_of_markup (before);
}
