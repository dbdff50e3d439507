/* A block of code in an answer: highlighted, with buttons to copy it and to insert it into the editor. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_CODE_BLOCK (riposte_code_block_get_type ())
G_DECLARE_FINAL_TYPE (RiposteCodeBlock, riposte_code_block, RIPOSTE, CODE_BLOCK, GtkBox)

GtkWidget *riposte_code_block_new (void);
/* Where @code only grew, only what is new is laid out. @info: the fence's info string. */
void riposte_code_block_set (RiposteCodeBlock *self, const char *code, const char *info);

G_END_DECLS
