#include "apply-merge.h"

char *
apply_merge (const char *text, const RiposteMerge *merge)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GString *out = g_string_new (NULL);
  guint n = g_strv_length (lines), line = 0;

  if (n && !*lines[n - 1])
    n--;
  for (guint k = 0; k <= merge->edits->len; k++)
    {
      const RiposteEdit *edit = k < merge->edits->len ? &g_array_index (merge->edits, RiposteEdit, k) : NULL;

      for (; line < (edit ? edit->line : n); line++)
        g_string_append_printf (out, "%s\n", lines[line]);
      if (edit)
        {
          g_string_append (out, edit->text);
          line += edit->n_removed;
        }
    }
  return g_string_free (out, FALSE);
}
