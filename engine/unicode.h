/* What Unicode says of characters, in the version that models' tokenizers use; GLib's is the distribution's. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* General categories. The numbers are those of unicode-data.h. */
typedef enum
{
  RP_CATEGORY_CC,
  RP_CATEGORY_CF,
  RP_CATEGORY_CN,
  RP_CATEGORY_CO,
  RP_CATEGORY_CS,
  RP_CATEGORY_LL,
  RP_CATEGORY_LM,
  RP_CATEGORY_LO,
  RP_CATEGORY_LT,
  RP_CATEGORY_LU,
  RP_CATEGORY_MC,
  RP_CATEGORY_ME,
  RP_CATEGORY_MN,
  RP_CATEGORY_ND,
  RP_CATEGORY_NL,
  RP_CATEGORY_NO,
  RP_CATEGORY_PC,
  RP_CATEGORY_PD,
  RP_CATEGORY_PE,
  RP_CATEGORY_PF,
  RP_CATEGORY_PI,
  RP_CATEGORY_PO,
  RP_CATEGORY_PS,
  RP_CATEGORY_SC,
  RP_CATEGORY_SK,
  RP_CATEGORY_SM,
  RP_CATEGORY_SO,
  RP_CATEGORY_ZL,
  RP_CATEGORY_ZP,
  RP_CATEGORY_ZS,
  RP_N_CATEGORIES
} RpCategory;

RpCategory rp_unicode_category (gunichar c);
/* The categories that a name stands for, one letter or two ("L", "Lu"), a bit each; 0: there is none of that name. */
guint32 rp_unicode_category_mask (const char *name, gsize length);

gboolean rp_unicode_is_space (gunichar c); /* the property White_Space */

/* Reads the character at @text, which has at least a byte, and says in @size how long it is. A byte that is no part of
 * valid UTF-8 is a character of its own, and reads as U+FFFD. */
gunichar rp_unicode_read (const char *text, gsize length, gsize *size);

/* Normalization Form C (Unicode Standard Annex 15) in O(n log n). Bytes that are no UTF-8, and NUL, stay as they are.
 * NULL where the text is in that form as it stands, or looks so at once. */
GString *rp_unicode_nfc (const char *text, gsize length);

G_END_DECLS
