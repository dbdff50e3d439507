#include "markdown/text-direction.h"

#include <string.h>

/* What Unicode keeps for scripts that are written from right to left (UAX #9, the default values of Bidi_Class). */
static const struct
{
  gunichar first, last;
} right_to_left[] = {
  { 0x0590, 0x08ff }, { 0xfb1d, 0xfdff }, { 0xfe70, 0xfeff }, { 0x10800, 0x10fff }, { 0x1e800, 0x1efff },
};

static gboolean
is_right_to_left (gunichar letter)
{
  for (gsize i = 0; i < G_N_ELEMENTS (right_to_left); i++)
    if (letter >= right_to_left[i].first && letter <= right_to_left[i].last)
      return TRUE;
  return FALSE;
}

GtkTextDirection
riposte_text_direction (const char *text, gboolean markup)
{
  for (const char *p = text; *p; p = g_utf8_next_char (p))
    {
      gunichar letter;

      if (markup && (*p == '<' || *p == '&'))
        p += strcspn (p, *p == '<' ? ">" : ";");
      if (!*p)
        break;
      letter = g_utf8_get_char (p);
      if (g_unichar_isalpha (letter))
        return is_right_to_left (letter) ? GTK_TEXT_DIR_RTL : GTK_TEXT_DIR_LTR;
    }
  return GTK_TEXT_DIR_NONE;
}
