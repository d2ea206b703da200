/** What the teacher is told before it answers an instruction: LaMini-LM asks for help in few words (2304.14402, section 3.2). */
export const responseSystem = 'You are helpful. Answer what is asked, completely and in as few words as that takes.';
