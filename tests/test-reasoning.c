/* What a model thinks, and what it says: taken apart the same however the text comes. */
#include "chat/message.h"
#include "chat/reasoning.h"

#include <string.h>

static const struct
{
  const char *text, *thought, *said;
} samples[] = {
  { "", "", "" },
  { "Plain.", "", "Plain." },
  { "<think>\nHm.\n</think>\n\nYes.", "Hm.", "Yes." },
  { "  \n<think>Hm.</think>Yes.", "Hm.", "Yes." },
  { "<think>\n\n</think>\n\nYes.", "", "Yes." },
  { "<think>never ends", "never ends", "" },
  { "[THINK]a[/THINK]b", "a", "b" },
  { "<seed:think>a</seed:think>b", "a", "b" },
  { "<|START_THINKING|>a<|END_THINKING|>b", "a", "b" },
  { "<|channel>thought\na\n<channel|>b", "a", "b" },
  { "<think>a</think>\n<think>b</think>\nc", "a\n\nb", "c" },
  { "◁think▷a◁/think▷b", "a", "b" },
  { "<thinking>\na\n</thinking>\nb", "a", "b" },
  { "<|begin_of_thought|>\n\na\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\nb\n<|end_of_solution|>", "a", "b" },
  /* what is said has marks of its own */
  { "<think>a</think><response>b</response>", "a", "b" },
  { "<think>\na\n</think>\n\n<response>\nb\n\nc\n</response>\n", "a", "b\n\nc" },
  { "<think>a</think>\n<answer>\nb\n</answer>", "a", "b" },
  { "<think>a</think><response>b </response> c</response>", "a", "b </response> c" },
  { "<think>a</think><response>b", "a", "b" },
  { "<think>a</think>b</response>", "a", "b</response>" },
  { "<response>b</response>", "", "<response>b</response>" },
  { "a\n</think>\n<response>b</response>", "a", "b" },
  /* cut off within a mark */
  { "<thin", "", "" },
  { "  <think", "", "" },
  { "<think>a</thi", "a", "" },
  { "<think>a\n</", "a", "" },
  { "<think>a</think><respon", "a", "" },
  { "<think>a</think><response>b</resp", "a", "b" },
  { "[THINK]a[/TH", "a", "" },
  { "◁think▷a◁/th", "a", "" },
  { "<|channel|>analysis<|message|>a<|en", "a", "" },
  { "<|channel|>final<|message|>a<|ret", "", "a" },
  { "<|chan", "", "" },
  { "<", "", "<" },
  { "[", "", "[" },
  /* the template opened it */
  { "Hm.\nWell.\n</think>\n\nYes.", "Hm.\nWell.", "Yes." },
  { "Hm.</think>\nYes.", "Hm.", "Yes." },
  /* channels, from any point of the first header on */
  { "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.", "Hm.", "Yes." },
  { "<|start|>assistant<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|"
    "return|>",
    "Hm.", "Yes." },
  { "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b<|end|>"
    "<|start|>assistant<|channel|>final<|message|>c",
    "a\n\nb", "c" },
  { "<|message|>Yes.", "", "Yes." },
  { "<|channel|>analysis<|message|>Hm", "Hm", "" },
  { "<|channel|>ana", "", "" },
  { "<|channel|>final <|constrain|>json<|message|>{}", "", "{}" },
  /* talk about marks is talk */
  { "Use `<think>` and `</think>` for it.", "", "Use `<think>` and `</think>` for it." },
  { "So:\n```\n<think>\n</think>\n```\nDone.", "", "So:\n```\n<think>\n</think>\n```\nDone." },
  { "Say <|channel|>final<|message|> x", "", "Say <|channel|>final<|message|> x" },
  { "<thin air", "", "<thin air" },
  { "<think>a</think>Then </think>\nb", "a", "Then </think>\nb" },
  { "ends with <", "", "ends with <" },
  { "\xe2\x82\xac<think>", "", "\xe2\x82\xac<think>" },
};

static void
test_samples (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    for (gsize n = 1; n < 9; n++)
      {
        g_autoptr (RiposteReasoning) reasoning = riposte_reasoning_new ();
        g_autofree char *said = riposte_reasoning_dup_said (samples[i].text);

        for (const char *p = samples[i].text; *p;)
          {
            gsize length = MIN (n, strlen (p));
            g_autofree char *piece = g_strndup (p, length);

            riposte_reasoning_append (reasoning, piece);
            p += length;
          }
        riposte_reasoning_finish (reasoning);
        g_assert_cmpstr (riposte_reasoning_get_thought (reasoning), ==, samples[i].thought);
        g_assert_cmpstr (riposte_reasoning_get_said (reasoning), ==, samples[i].said);
        g_assert_cmpstr (said, ==, samples[i].said);
      }
}

/* Whatever was shown stays the beginning of what is shown, unless the serial number says otherwise. */
static void
test_growth (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autoptr (RiposteReasoning) reasoning = riposte_reasoning_new ();
      g_autofree char *said = g_strdup (""), *thought = g_strdup ("");
      guint serial = 0;

      for (const char *p = samples[i].text; *p; p++)
        {
          riposte_reasoning_append (reasoning, (char[]){ *p, '\0' });
          if (riposte_reasoning_get_serial (reasoning) == serial)
            {
              g_assert_true (g_str_has_prefix (riposte_reasoning_get_said (reasoning), said));
              g_assert_true (g_str_has_prefix (riposte_reasoning_get_thought (reasoning), thought));
            }
          serial = riposte_reasoning_get_serial (reasoning);
          g_free (said);
          g_free (thought);
          said = g_strdup (riposte_reasoning_get_said (reasoning));
          thought = g_strdup (riposte_reasoning_get_thought (reasoning));
        }
    }
}

static void
test_opened (void)
{
  g_assert_cmpstr (riposte_reasoning_find_opened ("<|im_start|>assistant\n<think>\n"), ==, "<think>\n");
  g_assert_cmpstr (riposte_reasoning_find_opened ("x<|START_THINKING|>"), ==, "<|START_THINKING|>");
  g_assert_null (riposte_reasoning_find_opened ("<think>\n\n</think>\n\n"));
  g_assert_null (riposte_reasoning_find_opened ("<|start|>assistant"));
  g_assert_null (riposte_reasoning_find_opened (""));
}

static void
test_message (void)
{
  g_autoptr (RiposteMessage) message = riposte_message_new (RIPOSTE_ROLE_ASSISTANT, NULL, NULL);
  const RiposteGenerationInfo done = { .stop = RP_STOP_END };

  riposte_message_append (message, "<think>\nHm");
  g_assert_true (riposte_message_is_thinking (message));
  g_assert_cmpstr (riposte_message_get_thought (message), ==, "Hm");
  g_usleep (20000);
  riposte_message_append (message, ".\n</think>\n\nYe");
  g_assert_false (riposte_message_is_thinking (message));
  g_assert_cmpfloat (riposte_message_get_thinking_seconds (message), >=, 0.02);
  g_assert_cmpfloat (riposte_message_get_thinking_seconds (message), <, 5);
  riposte_message_append (message, "s.");
  riposte_message_end (message, &done, NULL);
  g_assert_cmpstr (riposte_message_get_said (message), ==, "Yes.");
  g_assert_cmpstr (riposte_message_get_text (message), ==, "<think>\nHm.\n</think>\n\nYes.");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reasoning/samples", test_samples);
  g_test_add_func ("/reasoning/growth", test_growth);
  g_test_add_func ("/reasoning/opened", test_opened);
  g_test_add_func ("/reasoning/message", test_message);
  return g_test_run ();
}
