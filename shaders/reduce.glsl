/* Sums over a workgroup of any size and subgroups of any size. */
shared float reduce_partial[256 / 4]; /* workgroups have at most 256 threads, subgroups at least 4 */

float
workgroup_add (float x)
{
  x = subgroupAdd (x);
  if (gl_NumSubgroups == 1)
    return x;
  barrier (); /* what was there has been read */
  if (subgroupElect ())
    reduce_partial[gl_SubgroupID] = x;
  barrier ();
  x = 0;
  for (uint i = 0; i < gl_NumSubgroups; i++)
    x += reduce_partial[i];
  return x;
}
